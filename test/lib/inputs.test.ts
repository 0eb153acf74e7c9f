// Packing: what becomes of rows, masks and tensors, and which inputs are refused by name.
import t from 'tap';
import { checkFields, packInputs, packPositions, tokenOfColumn } from '../../dist/inputs.js';

const int32 = (...values: number[]): Int32Array => Int32Array.from(values);

t.test('packs rows of different lengths without padding', async (t) => {
  const { request, rowLengths } = packInputs({
    input_ids: [[2, 7, 3], [2, 3]],
    token_type_ids: [[0, 1, 1], [0, 1]],
    position_ids: [[0, 5, 6], [0, 9]],
  });
  t.same(request.tokens, int32(2, 7, 3, 2, 3));
  t.same(request.segments, int32(0, 1, 1, 0, 1));
  t.same(request.positions, int32(0, 5, 6, 0, 9));
  t.same(request.columns, int32(0, 1, 2, 0, 1));
  t.same(request.cu_seqlens, int32(0, 3, 5));
  t.equal(request.width, 3);
  t.same(rowLengths, [3, 2]);
});

t.test('drops masked positions; the others keep theirs', async (t) => {
  const packed = packInputs({
    input_ids: { data: BigInt64Array.of(2n, 8n, 7n, 3n), dims: [1, 4] },
    attention_mask: { data: int32(1, 0, 1, 1), dims: [1, 4] },
  });
  t.same(packed.request.tokens, int32(2, 7, 3));
  t.same(packed.request.positions, int32(0, 2, 3));
  t.equal(packed.request.width, 4);
  t.equal(tokenOfColumn(packed, 0, 2), 1);
  t.equal(tokenOfColumn(packed, 0, 1), -1);
});

t.test('flattens choices', async (t) => {
  const packed = packInputs({ input_ids: [[[2, 3], [2]], [[2, 4], [2, 5]]] }, 3);
  t.equal(packed.choices, 2);
  t.same(packed.request.cu_seqlens, int32(0, 2, 3, 5, 7));
  t.throws(() => packInputs({ input_ids: [[[2], [2]], [[2]]] }, 3), /row 1: expected 2 choices/);
});

t.test('refuses holes among questions and choices', async (t) => {
  const pack = (input_ids: unknown) => () => packInputs({ input_ids }, 3);
  t.throws(pack([[[2]], , [[3]]]), { name: 'TypeError', message: /input_ids row 1/ });
  t.throws(pack([[[2], , [3]]]), { name: 'TypeError', message: /row 0, choice 1/ });
});

t.test('copies shared memory and does not keep the caller’s', async (t) => {
  const data = new Int32Array(new SharedArrayBuffer(8));
  data.set([2, 3]);
  const { request } = packInputs({ input_ids: { data, dims: [1, 2] } });
  data[1] = 99;
  t.same(request.tokens, int32(2, 3));
});

t.test('packs positions of the head', async (t) => {
  const attention_mask = [[1, 0, 1], [1, 1]];
  const packed = packInputs({ input_ids: [[2, 7, 3], [2, 3]], attention_mask });
  const { head_rows, head_cu } = packPositions('logits_positions', [[2], [1, 0]], packed);
  t.same(head_rows, int32(1, 3, 2));
  t.same(head_cu, int32(0, 1, 3));
  t.throws(() => packPositions('logits_positions', [[1], []], packed), /position 1 is masked/);
  t.throws(() => packPositions('logits_positions', [[0]], packed), RangeError);
});

t.test('names the field and row it refuses', async (t) => {
  const detached = int32(2, 3);
  structuredClone(detached.buffer, { transfer: [detached.buffer as ArrayBuffer] });
  const cases: [object, { name?: string; message: string | RegExp }][] = [
    [{ input_ids: [] }, { name: 'RangeError', message: /at least one row/ }],
    [{ input_ids: [[2], []] }, { name: 'RangeError', message: /input_ids row 1/ }],
    [{ input_ids: [[2, 1.5]] }, { name: 'TypeError', message: /row 0, column 1.*1\.5/ }],
    [{ input_ids: [[2, 2 ** 31]] }, { name: 'RangeError', message: /32 bits/ }],
    [{ input_ids: [2, 3] }, { name: 'TypeError', message: /input_ids row 0/ }],
    [{ input_ids: 'text' }, { name: 'TypeError', message: /input_ids/ }],
    [{ input_ids: { data: [2, 3], dims: [1, 2] } }, { name: 'TypeError', message: /Int32Array/ }],
    [{ input_ids: { data: detached, dims: [1, 2] } }, { name: 'TypeError', message: /detached/ }],
    [{ input_ids: { data: int32(2), dims: [1, 2] } }, { message: /expected 2 elements/ }],
    [{ input_ids: { data: int32(2), dims: [1] } }, { name: 'RangeError', message: /\[B, S\]/ }],
    [{ input_ids: { data: int32(), dims: [2e9, 0] } }, { message: /at least one token, got dims/ }],
    [{ input_ids: new Array(3) }, { name: 'TypeError', message: /input_ids row 0/ }],
    [{ input_ids: [[2], , [3]] }, { name: 'TypeError', message: /input_ids row 1/ }],
    [{ input_ids: [[2, , 3]] }, { name: 'TypeError', message: /row 0, column 1/ }],
    [{ input_ids: [[2, 3]], token_type_ids: [[0]] }, { message: /type_ids row 0: expected 2/ }],
    [{ input_ids: [[2]], position_ids: [] }, { message: /position_ids: expected 1 rows/ }],
    [{ input_ids: [[2]], attention_mask: [[0]] }, { message: /row 0: the first token is/ }],
    [{ input_ids: [[2]], attention_mask: [[2]] }, { message: /expected 0 or 1/ }],
  ];
  for (const [inputs, expected] of cases) {
    t.throws(() => packInputs(inputs as { input_ids: unknown }), expected as Error);
  }
});

t.test('knows its fields', async (t) => {
  checkFields('Model', { input_ids: [[2]], offset_mapping: [] }, []);
  const misspelt = { input_ids: [[2]], label: [1] };
  t.throws(() => checkFields('Model', misspelt, ['labels']), /mean 'labels'/);
  t.throws(() => checkFields('Model', { token_type_ids: [[0]] }, []), /input_ids is missing/);
  t.throws(() => checkFields('Model', null, []), TypeError);
});

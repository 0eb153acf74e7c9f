// Model classes: calling, shapes, labels, saving and disposing, on tiny models with fresh weights.
import { readdir } from 'node:fs/promises';
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnsweringV2,
  AlbertModel,
  AutoModel,
  Tensor,
} from '../../dist/index.js';

const config = {
  vocab_size: 40,
  embedding_size: 8,
  hidden_size: 16,
  num_attention_heads: 4,
  intermediate_size: 20,
  num_hidden_layers: 2,
  max_position_embeddings: 16,
};

t.test('instances are functions of their class', async (t) => {
  const model = await AlbertModel.from_config(config);
  t.type(model, 'function');
  t.ok(model instanceof AutoModel);
  const inputs = { input_ids: [[2, 7, 3], [2, 3]] };
  const called = await model(inputs, { output_hidden_states: true, output_attentions: true });
  const { last_hidden_state } = await model.forward(inputs);
  t.same(called.last_hidden_state.dims, [2, 3, 16]);
  t.same(called.last_hidden_state.data, last_hidden_state.data);
  t.same(called.hidden_states?.map(({ dims }) => dims), Array(3).fill([2, 3, 16]));
  t.same(called.hidden_states?.at(-1)?.data, last_hidden_state.data);
  t.same(called.attentions?.map(({ dims }) => dims), Array(2).fill([2, 4, 3, 3]));
  const Bare = AlbertModel as never as new () => unknown;
  t.throws(() => new Bare(), /use AlbertModel.from_pretrained/);
});

t.test('float64 outputs need the reference device', async (t) => {
  const exact = await AlbertModel.from_config(config, { device: 'reference' });
  const options = { output_dtype: 'float64' } as const;
  t.equal((await exact({ input_ids: [[2, 3]] }, options)).pooler_output.type, 'float64');
  const fast = await AlbertModel.from_config(config, { device: 'cpu' });
  await t.rejects(fast({ input_ids: [[2, 3]] }, options), RangeError);
});

t.test('the masked-LM head computes the positions that are asked for', async (t) => {
  const model = await AlbertForMaskedLM.from_config(config);
  const inputs = { input_ids: [[2, 4, 7, 3], [2, 4, 3]] };
  const all = (await model(inputs)).logits;
  const some = (await model(inputs, { logits_positions: [[2, 1], [1]] })).logits;
  t.same(some.dims, [2, 2, 40]);
  t.same(some.data.subarray(0, 40), all.data.subarray(80, 120));
  t.same(some.data.subarray(80, 120), all.data.subarray(200, 240));
  const labels = [[-100, 5, -100, -100], [-100, 6, -100]];
  const { loss } = await model({ ...inputs, labels });
  const chosen = await model({ ...inputs, labels }, { logits_positions: [[1], [1]] });
  t.type(loss, 'number');
  t.equal(chosen.loss, loss);
});

t.test('multiple choice takes [B, C, S]', async (t) => {
  const model = await AlbertForMultipleChoice.from_config(config);
  const lists = await model({ input_ids: [[[2, 5, 3], [2, 6, 3]]], labels: [1] });
  const tensor = new Tensor('int64', [2n, 5n, 3n, 2n, 6n, 3n], [1, 2, 3]);
  t.same(lists.logits.dims, [1, 2]);
  t.same((await model({ input_ids: tensor })).logits.data, lists.logits.data);
});

t.test('the SQuAD 2.0 head answers with columns of the row', async (t) => {
  const model = await AlbertForQuestionAnsweringV2.from_config(config, { seed: 3 });
  const inputs = { input_ids: [[2, 9, 3, 7, 8, 3]], token_type_ids: [[0, 0, 0, 1, 1, 1]] };
  const output = await model(inputs, { start_n_top: 3, end_n_top: 2 });
  t.same([...output.start_top_index.data].sort(), [0, 3, 4]);
  t.same(output.end_top_index.dims, [1, 6]);
  const masked = await model({ ...inputs, p_mask: [[1, 1, 1, 1, 0, 1]] }, { start_n_top: 1 });
  t.same(masked.start_top_index.tolist(), [[4]]);
  await t.rejects(model({ ...inputs, start_positions: [3] }), TypeError);
});

t.test('saves what it can load again', async (t) => {
  const directory = `${t.testdir({})}/saved`;
  const model = await AlbertModel.from_config(config, { seed: 5 });
  await model.save_pretrained(directory);
  t.same((await readdir(directory)).sort(), ['config.json', 'model.safetensors']);
  const again = await AlbertModel.from_pretrained(directory);
  t.match(again.config, { architectures: ['AlbertModel'], hidden_size: 16 });
  const inputs = { input_ids: [[2, 7, 3]] };
  const [a, b] = [await model(inputs), await again(inputs)];
  t.same(a.pooler_output.data, b.pooler_output.data);
  for (const unwritable of ['/dev/null/x', '/proc/nope/x', 'a\0b', 'x'.repeat(1e5)]) {
    const expected = { code: 'ERR_IO', message: /^Cannot make [^\0]{1,420}$/ };
    await t.rejects(model.save_pretrained(unwritable), expected);
  }
});

t.test('after dispose only dispose works', async (t) => {
  const model = await AlbertModel.from_config(config);
  t.ok(model.memory().some(({ bytes }) => bytes > 0));
  await model.dispose();
  await model[Symbol.asyncDispose]();
  t.ok(model.disposed);
  await t.rejects(model({ input_ids: [[2, 3]] }), { code: 'ERR_DISPOSED' });
});

t.test('an aborted call rejects with the reason', async (t) => {
  const model = await AlbertModel.from_config(config);
  const reason = new Error('enough');
  const inputs = { input_ids: [[2, 3]] };
  await t.rejects(model(inputs, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const running = model(inputs, { signal: controller.signal });
  controller.abort(reason);
  await t.rejects(running, reason);
});

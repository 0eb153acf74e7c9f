// Configurations that cannot be and inputs that do not fit: one clear error each.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForQuestionAnswering,
  AlbertForQuestionAnsweringV2,
  AlbertForSequenceClassification,
  AlbertModel,
  type AlbertConfig,
} from '../../dist/index.js';
import { expectError, type Kind } from '../support/errors';
import { goldenConfig, makeCheckpoint } from '../support/golden';

const golden = 'tiny_gelu_new_g1';
const good = goldenConfig(golden);

t.test('configurations', async (t) => {
  const wrong: [AlbertConfig | Record<string, unknown>, RegExp][] = [
    [{ vocab_size: undefined }, /vocab_size is missing/],
    [{ hidden_size: undefined }, /hidden_size is missing/],
    [{ num_hidden_layers: undefined }, /num_hidden_layers is missing/],
    [{ num_attention_heads: undefined }, /num_attention_heads is missing/],
    [{ intermediate_size: undefined }, /intermediate_size is missing/],
    [{ vocab_size: null }, /vocab_size/],
    [{ vocab_size: '40' }, /vocab_size must be a whole number/],
    [{ vocab_size: 40.5 }, /vocab_size/],
    [{ vocab_size: 0 }, /vocab_size is 0/],
    [{ vocab_size: -1 }, /vocab_size/],
    [{ vocab_size: 1e300 }, /vocab_size/],
    [{ hidden_size: 2 ** 40 }, /hidden_size/],
    [{ hidden_size: [16] }, /hidden_size/],
    [{ num_attention_heads: 5 }, /does not divide hidden_size/],
    [{ num_attention_heads: 0 }, /num_attention_heads/],
    [{ num_hidden_layers: 0 }, /num_hidden_layers/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers/],
    [{ num_hidden_groups: 4 }, /num_hidden_groups/],
    [{ inner_group_num: 0 }, /inner_group_num/],
    [{ type_vocab_size: 0 }, /type_vocab_size/],
    [{ max_position_embeddings: 0 }, /max_position_embeddings/],
    [{ pad_token_id: 40 }, /pad_token_id/],
    [{ layer_norm_eps: 0 }, /layer_norm_eps/],
    [{ layer_norm_eps: 'small' }, /layer_norm_eps/],
    [{ initializer_range: -1 }, /initializer_range/],
    [{ hidden_act: 'swish9' }, /hidden_act/],
    [{ hidden_act: 3 }, /hidden_act/],
    [{ model_type: 'bert' }, /model_type is "bert"/],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type/],
    [{ position_embedding_type: 'relative_key_query' }, /position_embedding_type/],
    [{ num_labels: 0 }, /num_labels/],
    [{ num_labels: 3, id2label: { 0: 'a', 1: 'b' } }, /num_labels is 3 but id2label names 2/],
    [{ id2label: 'none' }, /id2label/],
  ];
  for (const [change, message] of wrong) {
    const config = { ...good, ...change } as AlbertConfig;
    const make = () => AlbertModel.from_config(config);
    await expectError(t, make, 'ERR_CONFIG', message, JSON.stringify(change));
    const directory = makeCheckpoint(t.testdir({}), golden, { config });
    const load = () => AlbertModel.from_pretrained(directory);
    await expectError(t, load, 'ERR_CONFIG', message, `in a file: ${JSON.stringify(change)}`);
  }
  for (const text of ['', '{', 'null', '[]', '"x"', '{"vocab_size": 1e', '\0', '{"a":NaN}']) {
    const directory = makeCheckpoint(t.testdir({}), golden, {});
    writeFileSync(path.join(directory, 'config.json'), text);
    const load = () => AlbertModel.from_pretrained(directory);
    await expectError(t, load, 'ERR_CONFIG', /config\.json/, `the file is ${JSON.stringify(text)}`);
  }
});

t.test('legacy and unknown keys are no obstacle', async (t) => {
  const legacy = {
    net_structure_type: 0,
    gap_size: 0,
    num_memory_blocks: 0,
    down_scale_factor: 1,
    layers_to_keep: [],
    directionality: 'bidi',
    pooler_type: 'first_token_transform',
    ln_type: 'postln',
    unheard_of: { deep: [1, null] },
    embedding_size: null,
    hidden_act: null,
  };
  const { embedding_size: _, ...rest } = good;
  const model = await AlbertModel.from_config({ ...rest, ...legacy } as unknown as AlbertConfig);
  t.same((await model({ input_ids: [[2, 3]] })).pooler_output.dims, [1, 16]);
  t.match(model.config, { unheard_of: { deep: [1, null] } }, 'the configuration is kept as given');
});

t.test('inputs', async (t) => {
  const model = await AlbertModel.from_config({ ...good, vocab_size: 40 });
  const bad: [object, Kind, RegExp][] = [
    [{ input_ids: [[2, 40]] }, 'RangeError', /input_ids.*40.*0 to 39/],
    [{ input_ids: [[2, -1]] }, 'RangeError', /input_ids.*-1/],
    [{ input_ids: [[2], [2, 3, 99]] }, 'RangeError', /99 \(row 1, token 2\)/],
    [{ input_ids: [[2, 2 ** 31]] }, 'RangeError', /32 bits/],
    [{ input_ids: [[2, -(2 ** 31)]] }, 'RangeError', /input_ids/],
    [{ input_ids: [[2, 3]], token_type_ids: [[0, 2]] }, 'RangeError', /token_type_ids.*2.*0 to 1/],
    [{ input_ids: [[2, 3]], token_type_ids: [[0, -1]] }, 'RangeError', /token_type_ids/],
    [{ input_ids: [[2, 3]], position_ids: [[0, 16]] }, 'RangeError', /position_ids.*16/],
    [{ input_ids: [[2, 3]], position_ids: [[-1, 0]] }, 'RangeError', /position_ids/],
    [{ input_ids: [Array<number>(17).fill(5)] }, 'RangeError', /17 tokens.*at most 16.*truncate/],
    [{ input_ids: [] }, 'RangeError', /at least one row/],
    [{ input_ids: [[]] }, 'RangeError', /at least one token/],
    [{ input_ids: [[2, 3], []] }, 'RangeError', /row 1.*at least one token/],
    [{ input_ids: [[2, 3]], attention_mask: [[0, 1]] }, 'RangeError', /first token is masked/],
    [{ input_ids: [[2, 3]], attention_mask: [[1, 2]] }, 'RangeError', /expected 0 or 1/],
    [{ input_ids: [[2, 3]], attention_mask: [[1]] }, 'RangeError', /expected 2 values/],
    [{ input_ids: [[2, 3]], attention_mask: [] }, 'RangeError', /expected 1 rows/],
    [{ input_ids: [[2, 3.5]] }, 'TypeError', /expected an integer, got 3.5/],
    [{ input_ids: [[2, NaN]] }, 'TypeError', /integer/],
    [{ input_ids: [[2, '3']] }, 'TypeError', /integer/],
    [{ input_ids: [[2, undefined]] }, 'TypeError', /integer/],
    [{ input_ids: [2, 3] }, 'TypeError', /array of integers/],
    [{ input_ids: 'text' }, 'TypeError', /input_ids/],
    [{ input_ids: null }, 'TypeError', /input_ids/],
    [{}, 'TypeError', /input_ids is missing/],
    [{ input_ids: [[2]], labels: [[1]] }, 'TypeError', /unknown input 'labels'/],
    [{ input_ids: { data: Int32Array.of(2, 3), dims: [1, 3] } }, 'RangeError', /3 elements/],
    [{ input_ids: { data: Int32Array.of(2, 3), dims: [2] } }, 'RangeError', /dims \[B, S\]/],
    [{ input_ids: { data: Int32Array.of(), dims: [0, 5] } }, 'RangeError', /at least one row/],
    [{ input_ids: { data: Int32Array.of(2), dims: [1, -1] } }, 'RangeError', /dims/],
    [{ input_ids: { data: Float32Array.of(2, 3), dims: [1, 2] } }, 'TypeError', /Int32Array/],
    [{ input_ids: { data: [2, 3], dims: [1, 2] } }, 'TypeError', /Int32Array/],
    [{ input_ids: { data: BigInt64Array.of(2n ** 40n), dims: [1, 1] } }, 'RangeError', /32 bits/],
  ];
  for (const [inputs, kind, message] of bad) {
    const what = JSON.stringify(inputs, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    await expectError(t, () => model(inputs as never), kind, message, what.slice(0, 90));
  }
  for (const inputs of [undefined, null, 7, 'text', []]) {
    await expectError(
      t,
      () => model(inputs as never),
      'TypeError',
      /AlbertModel: /,
      String(inputs),
    );
  }
  const { pooler_output } = await model({ input_ids: [Array<number>(16).fill(39)] });
  t.same(pooler_output.dims, [1, 16], 'the largest id in the longest row works');
});

/** Rows of three and of two tokens, and labels of other shapes. */
const input_ids = [
  [2, 5, 3],
  [2, 3],
];
const ones = [
  [1, 1, 1],
  [1, 1],
];

t.test('labels of tokens', async (t) => {
  const model = await AlbertForMaskedLM.from_config(good);
  const foreign = [[1, 40, 1], ones[1] ?? []];
  const short = [[1, 2], ones[1] ?? []];
  const first = { logits_positions: [[0], [0]] };
  const calls: [() => unknown, RegExp][] = [
    [() => model({ input_ids, labels: foreign }), /label from 0 to 39/],
    [() => model({ input_ids, labels: short }), /3 values/],
    [() => model({ input_ids, labels: ones }, first), /not among logits_positions/],
    [() => model({ input_ids }, { logits_positions: [[0], [2]] }), /outside/],
    [() => model({ input_ids }, { logits_positions: [[0]] }), /2 rows/],
    [() => model({ input_ids }, { logits_positions: [[], []] }), /at least one/],
  ];
  for (const [call, message] of calls) await expectError(t, call, 'RangeError', message);
});

t.test('labels of rows', async (t) => {
  const model = await AlbertForSequenceClassification.from_config({ ...good, num_labels: 3 });
  const withNaN = [
    [0, 1, NaN],
    [0, 0, 0],
  ];
  const narrow = [
    [0, 1],
    [0, 0],
  ];
  const calls: [() => unknown, RegExp][] = [
    [() => model({ input_ids, labels: [0, 3] }), /label from 0 to 2/],
    [() => model({ input_ids, labels: [0] }), /2 labels/],
    [() => model({ input_ids, labels: withNaN }), /finite/],
    [() => model({ input_ids, labels: narrow }), /3 numbers/],
  ];
  for (const [call, message] of calls) await expectError(t, call, 'RangeError', message);
});

t.test('labels of spans and choices', async (t) => {
  const answering = await AlbertForQuestionAnswering.from_config(good);
  const second = await AlbertForQuestionAnsweringV2.from_config(good);
  const choice = await AlbertForMultipleChoice.from_config(good);
  const one = { start_positions: [1], end_positions: [1, 1] };
  const p_mask = [
    [1, 1, 1],
    [0, 0],
  ];
  const uneven = [[[2, 3], [2]], [[2]]];
  const calls: [() => unknown, RegExp][] = [
    [() => answering({ input_ids, ...one }), /2 positions/],
    [() => second({ input_ids, p_mask }), /every token is masked/],
    [() => choice({ input_ids: uneven }), /2 choices/],
    [() => choice({ input_ids: [[]] }), /at least one choice/],
    [() => choice({ input_ids: [[[2, 3], [2]]], labels: [2] }), /label from 0 to 1/],
  ];
  for (const [call, message] of calls) await expectError(t, call, 'RangeError', message);
  const half = () => answering({ input_ids, start_positions: [1, 1] });
  await expectError(t, half, 'TypeError', /both/);
});

t.test('numbers that overflow on the way give results, not crashes', async (t) => {
  const model = await AlbertModel.from_config({ ...good, initializer_range: 99 });
  const { last_hidden_state } = await model({ input_ids: [[2, 7, 9, 3]] });
  t.ok([...last_hidden_state.data].every(Number.isFinite), 'norms keep them finite');
});

t.test('outputs larger than an array can be', async (t) => {
  const model = await AlbertForMaskedLM.from_config({ ...good, vocab_size: 30_000 });
  // One token counts, but the outputs are as wide as the row.
  const wide = (width: number): object => {
    const data = new Int32Array(width);
    const mask = Int32Array.from({ length: width }, (_, column) => Number(column === 0));
    const dims = [1, width];
    return { input_ids: { data, dims }, attention_mask: { data: mask, dims } };
  };
  for (const width of [40_000, 1_000_000, 50_000_000]) {
    const call = () => model(wide(width) as never);
    await expectError(t, call, 'ERR_MEMORY', /does not fit; send smaller batches/, `${width} wide`);
  }
  const { logits } = await model(wide(1000) as never);
  t.same(logits.dims, [1, 1000, 30_000]);
});

t.test('options of loading', async (t) => {
  const make = (options: object) => () => AlbertModel.from_config(good, options as never);
  await expectError(t, make({ device: 'gpu' }), 'RangeError', /device/);
  await expectError(t, make({ device: 'cuda' }), 'ERR_BACKEND', /CUDA/i);
  await expectError(t, make({ dtype: 'fp64' }), 'RangeError', /dtype/);
  await expectError(t, make({ dtype: 'fp16' }), 'ERR_BACKEND', /fp16|dtype/);
  await expectError(t, make({ threads: 0 }), 'RangeError', /threads/);
  await expectError(t, make({ tile_tokens: 0 }), 'RangeError', /tile_tokens/);
  await expectError(t, make({ max_queued_tokens: 1.5 }), 'RangeError', /max_queued_tokens/);
  await expectError(t, make({ seed: -1 }), 'RangeError', /seed/);
  await expectError(t, make({ dtpye: 'fp32' }), 'TypeError', /did you mean 'dtype'/);
});

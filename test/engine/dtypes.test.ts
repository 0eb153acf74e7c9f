// bf16 and int8 held against fp32: every head and loss, hidden states, attentions, the shipped
// model; what they weigh, how they are saved, and that one folder can be loaded in all of them.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import * as albert from '../../dist/index.js';
import { expectError } from '../support/errors';
import type { ForwardJob, PlainOutputs, PlainTensor } from '../support/forward';
import { goldenCases, goldenConfig, goldenDirectory, goldenNames } from '../support/golden';
import { norm, reachOf } from '../support/reach';
import { readSafetensors, writeSafetensors } from '../support/safetensors';
import { bits, relativeNorm } from '../support/tensors';

const { AlbertForQuestionAnsweringV2, AlbertModel } = albert;

type Narrow = 'bf16' | 'int8';
const narrow: Narrow[] = ['bf16', 'int8'];

const { arithmetic, dtypes } = albert.info().backends.find(({ name }) => name === 'cpu')!;

/** How far outputs may be from those of fp32, as a share of their norm. */
const bounds = { bf16: 1.5e-2, int8: 4e-2 };

const shipped = path.join(__dirname, '../../models/sst2-mini');
const golden = goldenDirectory('tiny_gelu_new_g1');
const inputs = { input_ids: [[2, 14, 7, 3], [2, 20, 21, 22, 23, 3]] };

const stateOf = async (model: albert.AlbertModel) => (await model(inputs)).last_hidden_state.data;

type AnyModel = (inputs: object, options?: object) => Promise<PlainOutputs>;
interface AnyClass {
  from_pretrained(path: string, options: object): Promise<AnyModel>;
}

async function run({ model, path = '', inputs, options }: ForwardJob, dtype: string) {
  const Model = (albert as unknown as Record<string, AnyClass>)[model]!;
  const loaded = await Model.from_pretrained(path, { device: 'cpu', dtype });
  return loaded(inputs, options);
}

/** Every tensor and loss of an output by its name, those of lists with their place. */
function valuesOf(outputs: object): [name: string, values: ArrayLike<number>][] {
  return Object.entries(outputs as PlainOutputs).flatMap(([name, output]) => {
    const list = Array.isArray(output) ? output : [output];
    const data = (one: PlainTensor | number) => (typeof one === 'number' ? [one] : one.data);
    return list.map((one, i): [string, ArrayLike<number>] => [`${name} ${i}`, data(one)]);
  });
}

/** Outputs in two dtypes, and how large their logits could be. */
interface Pair {
  dtype: Narrow;
  actual: object;
  expected: object;
  reach?: number;
}

/** Compares every output with that of fp32: its distance as a share of its norm, or of `reach`. */
function judge(t: Test, what: string, { dtype, actual, expected, reach = 0 }: Pair): void {
  const wanted = new Map(valuesOf(expected));
  t.same(valuesOf(actual).map(([name]) => name), [...wanted.keys()], `${what}: the same outputs`);
  for (const [name, values] of valuesOf(actual)) {
    const { compared, worst } = relativeNorm(values, wanted.get(name) ?? []);
    const size = norm(wanted.get(name) ?? []);
    const share = name.includes('logits') && reach > size ? (worst * size) / reach : worst;
    t.ok(compared > 0 && share <= bounds[dtype], `${what}, ${name}: ${share} of the norm`);
  }
}

for (const dtype of narrow) {
  for (const name of goldenNames) {
    t.test(`${dtype}: ${name}, all heads`, async (t) => {
      for (const { job, name: what } of goldenCases(name, t.testdir({}))) {
        const reach = await reachOf(job, what);
        const expected = await run(job, 'fp32');
        judge(t, what, { dtype, actual: await run(job, dtype), expected, reach });
      }
    });
  }
}

t.test('every dtype of the device loads, the others say why not', async (t) => {
  t.same(dtypes, ['fp32', 'bf16', 'int8']);
  t.same(Object.keys(arithmetic), dtypes);
  const sentences = new Set(Object.values(arithmetic));
  t.ok(sentences.size === 3 && !sentences.has(''), [...sentences].join('; '));
  const load = (options: object) => () => AlbertModel.from_pretrained(golden, options);
  for (const dtype of dtypes) await load({ dtype })();
  await expectError(t, load({ dtype: 'fp16' }), 'ERR_BACKEND', /fp16.*use dtype "bf16", "int8"/);
  const exact = { device: 'reference', dtype: 'bf16' };
  await expectError(t, load(exact), 'ERR_BACKEND', /float64 only, got dtype "bf16"/);
});

const texts = [
  'a gripping film',
  'a dull and pointless mess',
  'not bad at all',
  'the actors try hard , but the story goes nowhere',
  'warm , funny and a little sad , it stays with you for days',
  'two hours that feel like four',
];

t.test('the shipped model', async (t) => {
  const tokenizer = await albert.AlbertTokenizer.from_pretrained(shipped);
  const options = { output_hidden_states: true, output_attentions: true };
  for (const model of ['AlbertModel', 'AlbertForSequenceClassification']) {
    const job = { model, path: shipped, inputs: tokenizer(texts), options };
    const expected = await run(job, 'fp32');
    for (const dtype of narrow) judge(t, model, { dtype, actual: await run(job, dtype), expected });
  }
});

t.test('the SQuAD 2.0 head', async (t) => {
  const config = { ...goldenConfig('tiny_gelu_new_g1'), initializer_range: 0.2 };
  const labelled = { ...inputs, start_positions: [1, 2], end_positions: [2, 4] };
  const run = async (dtype: albert.DType) => {
    const model = await AlbertForQuestionAnsweringV2.from_config(config, { dtype, seed: 3 });
    return model({ ...labelled, is_impossible: [0, 1] });
  };
  const { loss = NaN } = await run('fp32');
  for (const dtype of narrow) {
    const other = (await run(dtype)).loss ?? NaN;
    t.not(other, loss, 'other arithmetic');
    t.ok(Math.abs(other - loss) <= bounds[dtype] * loss, `${dtype}: ${other}, fp32: ${loss}`);
  }
});

t.test('one folder in three dtypes at once: each has its own weights', async (t) => {
  const load = (dtype: albert.DType) => AlbertModel.from_pretrained(shipped, { dtype });
  const bitsOf = async (model: albert.AlbertModel) => bits(await stateOf(model));
  const alone: string[] = [];
  for (const dtype of dtypes as albert.DType[]) {
    await using model = await load(dtype);
    alone.push(await bitsOf(model));
  }
  t.equal(new Set(alone).size, 3, 'three arithmetics');
  const together = await Promise.all([...dtypes, ...dtypes].map((dtype) => load(dtype as 'fp32')));
  t.same(await Promise.all(together.map(bitsOf)), [...alone, ...alone]);
  const layers = together.map((model) => {
    const part = model.memory().find(({ name }) => name === 'weights: mapping and layers');
    return part?.bytes ?? NaN;
  });
  t.same(layers.slice(3), layers.slice(0, 3), 'the same again');
  t.ok(layers[1]! < 0.75 * layers[0]! && layers[2]! < layers[1]!, `${layers.slice(0, 3)} bytes`);
});

t.test('a saved model has the weights that were rounded, as float32', async (t) => {
  const load = (from: string, dtype: albert.DType) => AlbertModel.from_pretrained(from, { dtype });
  for (const dtype of narrow) {
    const folder = path.join(t.testdir({}), dtype);
    const model = await load(golden, dtype);
    await model.save_pretrained(folder);
    const stored = [...readSafetensors(path.join(folder, 'model.safetensors')).values()];
    t.ok(stored.length > 20 && stored.every((tensor) => tensor.dtype === 'F32'), 'float32');
    const again = await stateOf(await load(folder, dtype));
    const before = await stateOf(model);
    if (dtype === 'bf16') t.equal(bits(again), bits(before), 'bf16: to the bit');
    // The largest weight of an output, and with it the scale, may move by a rounding.
    else t.ok(relativeNorm(again, before).worst < 1e-3, 'int8');
    const exact = relativeNorm(await stateOf(await load(folder, 'fp32')), before).worst;
    t.ok(exact > 0 && exact <= bounds[dtype], `${dtype}: only the activations differ, ${exact}`);
  }
});

t.test('int8 refuses sums that 32 bits do not hold', async (t) => {
  const wide = { hidden_size: 16, num_attention_heads: 1, intermediate_size: 2 ** 18 };
  const config = { ...wide, embedding_size: 8, vocab_size: 30, num_hidden_layers: 1 };
  const load = () => albert.AlbertModel.from_config(config, { dtype: 'int8', device: 'cpu' });
  await expectError(t, load, 'ERR_BACKEND', /sums of 262144 products do not fit into 32 bits/);
});

t.test('a weight that is no number shows in every dtype', async (t) => {
  for (const broken of [NaN, Infinity]) {
    const folder = t.testdir({});
    copyFileSync(path.join(golden, 'config.json'), path.join(folder, 'config.json'));
    const tensors = readSafetensors(path.join(golden, 'model.safetensors'));
    const [, weight] = [...tensors].find(([name]) => name.endsWith('.ffn.weight'))!;
    weight.bytes.writeFloatLE(broken, 0);
    writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
    for (const dtype of ['fp32', ...narrow] as const) {
      const state = await stateOf(await AlbertModel.from_pretrained(folder, { dtype }));
      t.ok(state.some(Number.isNaN), `${dtype}: ${broken} in a weight is NaN in the result`);
    }
  }
});

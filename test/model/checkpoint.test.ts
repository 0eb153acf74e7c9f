// Checkpoints in every dialect: names, types, shards, what is missing, unexpected or wrong.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForPreTraining,
  AlbertForSequenceClassification,
  AlbertModel,
} from '../../dist/index.js';
import { expectError, warningsOf } from '../support/errors';
import {
  goldenDirectory,
  goldenConfig,
  makeCheckpoint,
  readGolden,
  renamed,
} from '../support/golden';
import {
  float16Pair,
  floatsOf,
  fromBFloat16,
  readSafetensors,
  toBFloat16,
  writeSafetensors,
  type StoredTensor,
  type Tensors,
} from '../support/safetensors';
import { bits, randomSource } from '../support/tensors';

const golden = 'tiny_gelu_erf_g2_inner2';
const { input_ids, attention_mask, token_type_ids } = readGolden(golden);
const inputs = { input_ids, attention_mask, token_type_ids };
const file = path.join(goldenDirectory(golden), 'model.safetensors');

/** Everything a pretraining model computes, as bits. */
async function allBits(directory: string): Promise<string> {
  const model = await AlbertForPreTraining.from_pretrained(directory);
  const { prediction_logits, sop_logits } = await model(inputs);
  return bits(prediction_logits.data) + bits(sop_logits.data);
}

const change = (directory: string, tensors: (all: Tensors) => Tensors): string =>
  makeCheckpoint(directory, golden, { tensors });

/** A checkpoint with every tensor mapped. */
const mapped = (directory: string, map: (tensor: StoredTensor) => StoredTensor): string =>
  change(directory, (all) => new Map([...all].map(([name, tensor]) => [name, map(tensor)])));

t.test('names with other spellings are the same parameters', async (t) => {
  const expected = await allBits(goldenDirectory(golden));
  const directory = t.testdir({});
  const norm = /(LayerNorm|layer_norm)\.(weight|bias)$/;
  const spellings: Record<string, (name: string) => string> = {
    bare: (name) => name.replace(/^albert\./, ''),
    gamma: (name) =>
      name.replace(norm, (_, layer, part) => `${layer}.${part === 'weight' ? 'gamma' : 'beta'}`),
    decoder: (name) => (name === 'predictions.bias' ? 'predictions.decoder.bias' : name),
    tied: (name) => (name.includes('word_emb') ? 'predictions.decoder.weight' : name),
  };
  for (const [name, spell] of Object.entries(spellings)) {
    const before = [...readSafetensors(file).keys()];
    t.not(before.map(spell).join(), before.join(), `${name} changes something`);
    const at = change(path.join(directory, name), (all) => renamed(all, spell));
    t.equal(await allBits(at), expected, name);
  }
  const both = change(path.join(directory, 'copies'), (all) => {
    const word = all.get('albert.embeddings.word_embeddings.weight') as StoredTensor;
    const bias = all.get('predictions.bias') as StoredTensor;
    const ids = { dtype: 'I64', shape: [1, 2], bytes: Buffer.alloc(16) };
    return new Map([
      ...all,
      ['predictions.decoder.weight', word],
      ['predictions.decoder.bias', bias],
      ['albert.embeddings.position_ids', ids],
    ]);
  });
  t.equal(await allBits(both), expected, 'tied copies and the old buffer');
});

t.test('shards, with the single file gone', async (t) => {
  const expected = await allBits(goldenDirectory(golden));
  const directory = t.testdir({});
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(goldenConfig(golden)));
  const all = [...readSafetensors(file)];
  const weight_map: Record<string, string> = {};
  for (const shard of [0, 1, 2]) {
    const part = all.filter((_, i) => i % 3 === shard);
    const name = `model-0000${shard + 1}-of-00003.safetensors`;
    writeSafetensors(path.join(directory, name), new Map(part));
    for (const [tensor] of part) weight_map[tensor] = name;
  }
  const index = path.join(directory, 'model.safetensors.index.json');
  writeFileSync(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
  t.equal(await allBits(directory), expected);

  const load = () => AlbertModel.from_pretrained(directory);
  const write = (map: unknown): void => writeFileSync(index, JSON.stringify({ weight_map: map }));
  write({ ...weight_map, extra: 'model-00001-of-00003.safetensors' });
  await expectError(t, load, 'ERR_FORMAT', /extra/, 'a tensor that its shard lacks');
  write({ ...weight_map, extra: 'model-00009-of-00003.safetensors' });
  await expectError(t, load, 'ERR_NOT_FOUND', /00009/, 'a shard that is not there');
  write({ ...weight_map, extra: '../../etc/passwd' });
  await expectError(t, load, 'ERR_FORMAT', /weight_map|directory/, 'a shard elsewhere');
  write([1, 2]);
  await expectError(t, load, 'ERR_FORMAT', /weight_map/, 'no map');
  writeFileSync(index, '{"weight_map":');
  await expectError(t, load, 'ERR_FORMAT', /weight_map|JSON/, 'half an index');
});

t.test('bf16, f16 and f64 files hold the values they round to', async (t) => {
  const directory = t.testdir({});
  const at = (name: string): string => path.join(directory, name);
  const narrow = await allBits(mapped(at('bf16'), toBFloat16));
  const wide = await allBits(mapped(at('bf16-wide'), (x) => fromBFloat16(toBFloat16(x))));
  t.equal(narrow, wide);
  t.not(narrow, await allBits(goldenDirectory(golden)), 'rounding changes results');

  const next = randomSource(3);
  const pairs = new Map<string, [StoredTensor, StoredTensor]>();
  for (const [name, { shape }] of readSafetensors(file)) {
    const count = shape.reduce((product, size) => product * size, 1);
    // Signs, and exponents from subnormal to 1.
    const halves = Uint16Array.from({ length: count }, () => {
      return Math.floor(next() * 0x3c00) | (next() < 0.5 ? 0x8000 : 0);
    });
    pairs.set(name, float16Pair(shape, halves));
  }
  const pick = (i: 0 | 1) => (all: Tensors) =>
    new Map([...all.keys()].map((name) => [name, (pairs.get(name) as StoredTensor[])[i]!]));
  t.equal(
    await allBits(change(at('f16'), pick(0))),
    await allBits(change(at('f16-wide'), pick(1))),
  );

  const doubles = mapped(at('f64'), (tensor) => {
    const bytes = Buffer.from(Float64Array.from(floatsOf(tensor)).buffer);
    return { ...tensor, dtype: 'F64', bytes };
  });
  t.equal(await allBits(doubles), await allBits(goldenDirectory(golden)));
});

t.test('missing heads are initialised and named in one warning', async (t) => {
  const directory = change(t.testdir({}), (all) =>
    renamed(all, (name) =>
      /^(classifier|predictions|sop|qa|choice)/.test(name) ? undefined : name,
    ),
  );
  const load = () => AlbertForSequenceClassification.from_pretrained(directory);
  const warnings = await warningsOf(load);
  t.equal(warnings.length, 1);
  t.match(warnings[0], /AlbertForSequenceClassification.*classifier\.weight, classifier\.bias/);
  t.notMatch(warnings[0], /albert\./, 'nothing else is missing');
  const [a, b] = await Promise.all([load(), load()]);
  t.equal(
    bits((await a(inputs)).logits.data),
    bits((await b(inputs)).logits.data),
    'the same each time',
  );

  const pooler = change(directory, (all) =>
    renamed(all, (name) => (name.includes('pooler') ? undefined : name)),
  );
  const [warning = ''] = await warningsOf(() => AlbertModel.from_pretrained(pooler));
  t.match(warning, /albert\.pooler\.weight/);
  t.same(
    await warningsOf(() => AlbertForMaskedLM.from_pretrained(pooler)).then((w) => w.length),
    1,
  );
});

t.test('unexpected tensors are named in a warning', async (t) => {
  const directory = change(t.testdir({}), (all) => {
    const clean = renamed(all, (name) => (/^(classifier|qa|choice)/.test(name) ? undefined : name));
    return new Map([...clean, ['surprise.weight', clean.get('predictions.bias') as StoredTensor]]);
  });
  const warnings = await warningsOf(() => AlbertForPreTraining.from_pretrained(directory));
  t.equal(warnings.length, 1);
  t.match(warnings[0], /does not use: surprise\.weight\./);
});

t.test('a complete checkpoint gives no warning', async (t) => {
  const clean = change(t.testdir({}), (all) =>
    renamed(all, (name) => (/^(classifier|qa|choice)/.test(name) ? undefined : name)),
  );
  t.same(await warningsOf(() => AlbertForPreTraining.from_pretrained(clean)), []);
});

t.test('a missing part of the encoder is an error', async (t) => {
  const names = [...readSafetensors(file).keys()].filter(
    (name) => name.startsWith('albert.') && !name.includes('pooler'),
  );
  t.ok(names.length > 20);
  for (const dropped of names) {
    const at = change(t.testdir({}), (all) =>
      renamed(all, (name) => (name === dropped ? undefined : name)),
    );
    const expected = new RegExp(dropped.replaceAll('.', '\\.'));
    await expectError(t, () => AlbertModel.from_pretrained(at), 'ERR_FORMAT', expected, dropped);
  }
});

t.test('wrong shapes are errors, whichever tensor it is', async (t) => {
  const names = [...readSafetensors(file).keys()].filter(
    (name) => !/^(classifier|qa|choice)/.test(name),
  );
  for (const name of names) {
    const at = change(t.testdir({}), (all) => {
      const { dtype, shape, bytes } = all.get(name) as StoredTensor;
      const wrong = { dtype, shape: [...shape, 1], bytes };
      return new Map([...all, [name, wrong]]);
    });
    await expectError(
      t,
      () => AlbertForPreTraining.from_pretrained(at),
      'ERR_SHAPE',
      /shape/,
      name,
    );
  }
  const config = { ...goldenConfig(golden), hidden_size: 32 };
  const at = makeCheckpoint(t.testdir({}), golden, { config });
  await expectError(t, () => AlbertModel.from_pretrained(at), 'ERR_SHAPE', /hidden_mapping|shape/);
  const labels = makeCheckpoint(t.testdir({}), golden, { config: { num_labels: 5 } });
  const load = () => AlbertForSequenceClassification.from_pretrained(labels);
  await expectError(t, load, 'ERR_SHAPE', /classifier\.weight/, 'another number of labels');
});

t.test('integer weights are refused', async (t) => {
  const at = change(t.testdir({}), (all) => {
    const bias = all.get('albert.pooler.bias') as StoredTensor;
    return new Map([...all, ['albert.pooler.bias', { ...bias, dtype: 'I32' }]]);
  });
  await expectError(t, () => AlbertModel.from_pretrained(at), 'ERR_FORMAT', /I32/);
});

t.test('one file beside its config.json', async (t) => {
  const model = await AlbertModel.from_pretrained(file);
  const directory = await AlbertModel.from_pretrained(goldenDirectory(golden));
  const [a, b] = [await model(inputs), await directory(inputs)];
  t.equal(bits(a.pooler_output.data), bits(b.pooler_output.data));
  const lone = t.testdir({ 'model.safetensors': readFileSync(file) });
  const load = () => AlbertModel.from_pretrained(path.join(lone, 'model.safetensors'));
  await expectError(t, load, 'ERR_NOT_FOUND', /config\.json/);
});

t.test("Google's albert_config.json says gelu for the tanh form", async (t) => {
  const directory = t.testdir({ google: {}, huggingface: {} });
  const { model_type: _, ...google } = goldenConfig(golden);
  const put = (name: string, file_: string, config: object): string => {
    const at = path.join(directory, name);
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, file_), JSON.stringify(config));
    writeFileSync(path.join(at, 'model.safetensors'), readFileSync(file));
    return at;
  };
  const tanh = { ...goldenConfig(golden), hidden_act: 'gelu_new' };
  const a = await allBits(put('google', 'albert_config.json', { ...google, hidden_act: 'GELU' }));
  const b = await allBits(put('huggingface', 'config.json', tanh));
  t.equal(a, b);
  t.not(a, await allBits(goldenDirectory(golden)), 'which is not the erf form');
});

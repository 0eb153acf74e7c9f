// Fresh weights and saved ones: seeds, distributions, round trips to the bit.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import * as albert from '../../dist/index.js';
import { goldenDirectory, readJson } from '../support/golden';
import { floatsOf, readSafetensors } from '../support/safetensors';
import { bits } from '../support/tensors';

const { AlbertForPreTraining, AlbertModel } = albert;
const config = {
  vocab_size: 500,
  embedding_size: 24,
  hidden_size: 48,
  num_attention_heads: 6,
  intermediate_size: 72,
  num_hidden_layers: 4,
  num_hidden_groups: 2,
  inner_group_num: 2,
  max_position_embeddings: 20,
  initializer_range: 0.1,
};
const inputs = {
  input_ids: [
    [2, 17, 400, 3],
    [2, 9, 3],
  ],
};

const classes = {
  AlbertModel: {},
  AlbertForPreTraining: {},
  AlbertForMaskedLM: {},
  AlbertForSequenceClassification: { num_labels: 5 },
  AlbertForTokenClassification: { num_labels: 7 },
  AlbertForQuestionAnswering: {},
  AlbertForQuestionAnsweringV2: {},
  AlbertForMultipleChoice: {},
} as const;
type ClassName = keyof typeof classes;

interface Saved {
  (inputs: object): Promise<Record<string, { data: ArrayLike<number> }>>;
  save_pretrained(directory: string): Promise<void>;
}
interface SavedClass {
  from_pretrained(directory: string): Promise<Saved>;
  from_config(config: object, options: object): Promise<Saved>;
}

const outputBits = async (model: Saved, inputs: object): Promise<Record<string, string>> => {
  const outputs = await model(inputs);
  return Object.fromEntries(Object.entries(outputs).map(([key, { data }]) => [key, bits(data)]));
};

t.test('the seed decides every weight, and nothing else does', async (t) => {
  const run = async (options: object): Promise<string> => {
    const model = await AlbertForPreTraining.from_config(config, options);
    return bits((await model(inputs)).prediction_logits.data);
  };
  t.equal(await run({ seed: 7 }), await run({ seed: 7 }));
  t.equal(await run({}), await run({ seed: 0 }));
  t.equal(await run({ seed: 7, threads: 1 }), await run({ seed: 7, tile_tokens: 1 }));
  t.not(await run({ seed: 7 }), await run({ seed: 8 }));
});

t.test('the seed decides a head that a checkpoint lacks', async (t) => {
  const directory = path.join(t.testdir({}), 'encoder');
  await (await AlbertModel.from_config(config, { seed: 1 })).save_pretrained(directory);
  const run = async (options: object) => {
    const model = await albert.AlbertForSequenceClassification.from_pretrained(directory, options);
    return outputBits(model as unknown as Saved, inputs);
  };
  const first = await run({ seed: 7 });
  t.same(await run({ seed: 7 }), first);
  t.same(await run({}), await run({ seed: 0 }), 'default 0');
  t.not((await run({ seed: 8 })).logits, first.logits);
});

t.test('fresh weights are distributed as ALBERT initialises them', async (t) => {
  const directory = t.testdir({});
  await (await AlbertForPreTraining.from_config(config, { seed: 1 })).save_pretrained(directory);
  const tensors = readSafetensors(path.join(directory, 'model.safetensors'));
  t.ok(tensors.size > 40);
  for (const [name, tensor] of tensors) {
    const values = floatsOf(tensor);
    if (name.endsWith('bias'))
      t.ok(
        values.every((x) => x === 0),
        `${name} is 0`,
      );
    else if (/norm/i.test(name))
      t.ok(
        values.every((x) => x === 1),
        `${name} is 1`,
      );
    else {
      const squares = values.reduce((sum, x) => sum + x * x, 0);
      const deviation = Math.sqrt(squares / values.length);
      // Four standard errors of a standard deviation estimated from n values.
      const tolerance = (4 * 0.1) / Math.sqrt(2 * values.length) + 0.0005;
      t.ok(Math.abs(deviation - 0.1) < tolerance, `${name}: standard deviation ${deviation}`);
      t.ok(values.every(Number.isFinite), `${name} is finite`);
    }
  }
  const word = tensors.get('albert.embeddings.word_embeddings.weight');
  t.ok(
    word &&
      floatsOf(word)
        .subarray(0, 24)
        .every((x) => x === 0),
    'the pad row is 0',
  );
});

for (const name of Object.keys(classes) as ClassName[]) {
  t.test(`${name}: save_pretrained and back, to the bit`, async (t) => {
    const Model = albert[name] as unknown as SavedClass;
    const directory = path.join(t.testdir({}), 'new', 'folder');
    const rows = name === 'AlbertForMultipleChoice' ? [inputs.input_ids] : inputs.input_ids;
    const model = await Model.from_config({ ...config, ...classes[name] }, { seed: 11 });
    const expected = await outputBits(model, { input_ids: rows });
    t.ok(Object.values(expected).every((text) => text.length > 0));
    await model.save_pretrained(directory);
    t.same(readdirSync(directory).sort(), ['config.json', 'model.safetensors'], 'no other file');
    t.match(readJson(directory, 'config.json'), {
      ...config,
      architectures: [name],
      model_type: 'albert',
    });
    const again = await Model.from_pretrained(directory);
    t.same(await outputBits(again, { input_ids: rows }), expected);
    await again.save_pretrained(directory);
    const third = await Model.from_pretrained(directory);
    t.same(await outputBits(third, { input_ids: rows }), expected, 'a second time, over itself');
  });
}

t.test('a golden checkpoint comes back with the same bytes under the same names', async (t) => {
  for (const golden of ['tiny_gelu_new_g1', 'tiny_gelu_erf_g2_inner2', 'tiny_relu_g3']) {
    const directory = path.join(t.testdir({}), 'saved');
    const model = await AlbertForPreTraining.from_pretrained(goldenDirectory(golden));
    await model.save_pretrained(directory);
    const before = readSafetensors(path.join(goldenDirectory(golden), 'model.safetensors'));
    const after = readSafetensors(path.join(directory, 'model.safetensors'));
    const extra = [...before.keys()].filter((name) => !after.has(name));
    t.ok(
      extra.every((name) => /^(classifier|qa_outputs|choice)/.test(name)),
      `${extra} are other heads`,
    );
    t.ok(after.size > 30);
    for (const [name, { shape, dtype, bytes }] of after) {
      t.same({ shape, dtype }, { shape: before.get(name)?.shape, dtype: 'F32' }, name);
      t.ok(before.get(name)?.bytes.equals(bytes), `${name} has the same bytes`);
    }
  }
});

t.test('a base model is saved as Hugging Face saves AlbertModel', async (t) => {
  const directory = t.testdir({});
  await (await AlbertModel.from_config(config)).save_pretrained(directory);
  const names = [...readSafetensors(path.join(directory, 'model.safetensors')).keys()];
  t.ok(names.includes('embeddings.word_embeddings.weight'));
  t.ok(names.every((name) => !name.startsWith('albert.')));
  t.notOk(existsSync(path.join(directory, 'spiece.model')));
});

// What a Trainer refuses: options, batches, labels, datasets, checkpoints that are not its own.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForPreTraining,
  AlbertForQuestionAnswering,
  AlbertForQuestionAnsweringV2,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
  AlbertModel,
  ExampleDataset,
  Trainer,
} from '../../dist/index.js';
import { expectError, type Kind } from '../support/errors';
import { makeTrainer, readGoldenTraining, rowsOf, withDropout } from '../support/training';

const reference = { device: 'reference', bf16: false } as const;
const { batches } = readGoldenTraining();
const [batch] = batches;
const config = {
  vocab_size: 40, embedding_size: 8, hidden_size: 12, num_hidden_layers: 2, num_attention_heads: 2,
  intermediate_size: 16, max_position_embeddings: 16, num_labels: 3,
};
const fresh = { device: 'reference', seed: 1 } as const;

t.test('options', async (t) => {
  const model = await AlbertForPreTraining.from_config(config, fresh);
  const refused: [object | undefined, Kind, RegExp][] = [
    [undefined, 'RangeError', /max_steps is missing.*lr_scheduler_type: 'constant'/],
    [{}, 'RangeError', /max_steps is missing/],
    [{ max_steps: 0 }, 'RangeError', /max_steps: expected an integer of at least 1, got 0/],
    [{ max_steps: 2, learning_rat: 1 }, 'TypeError', /did you mean 'learning_rate'/],
    [{ max_steps: 2, learning_rate: NaN }, 'RangeError', /learning_rate.*got NaN/],
    [{ max_steps: 2, learning_rate: -1 }, 'RangeError', /learning_rate/],
    [{ max_steps: 2, optimizer: 'adam' }, 'RangeError', /one of 'adamw', 'lamb', got 'adam'/],
    [{ max_steps: 2, adam_beta2: 1 }, 'RangeError', /adam_beta2/],
    [{ max_steps: 2, adam_epsilon: 0 }, 'RangeError', /adam_epsilon/],
    [{ max_steps: 2, dialect: 'torch' }, 'RangeError', /dialect: expected one of/],
    [{ max_steps: 2, train_batch_size: 2, gradient_accumulation_steps: 3 }, 'RangeError', /most/],
    [{ max_steps: 2, seed: 1.5 }, 'RangeError', /seed: expected an integer/],
    [{ max_steps: 2, bf16: 'yes' }, 'TypeError', /bf16: expected a boolean/],
    [{ max_steps: 2, bf16: true }, 'ERR_BACKEND', /reference computes in float64 only/],
    [{ max_steps: 2, report_to: console }, 'TypeError', /report_to.*report\(event\)/],
    [[], 'TypeError', /expected a plain object, got an array/],
  ];
  for (const [options, kind, message] of refused) {
    await expectError(t, () => new Trainer(model, options as never), kind, message);
  }
});

t.test('models', async (t) => {
  const base = await AlbertModel.from_config(config, fresh);
  const rounded = await AlbertForMaskedLM.from_config(config, { dtype: 'int8' });
  const gone = await AlbertForMaskedLM.from_config(config, fresh);
  await gone.dispose();
  const options = { max_steps: 2 };
  await expectError(t, () => new Trainer(base, options), 'ERR_CONFIG', /has no loss.*with a head/);
  await expectError(t, () => new Trainer(rounded, options), 'ERR_CONFIG', /'int8'.*bf16: true/);
  await expectError(t, () => new Trainer(gone, options), 'ERR_DISPOSED', /disposed/);
  await expectError(t, () => new Trainer({} as never, options), 'TypeError', /expected a model/);
});

t.test('batches of pretraining', async (t) => {
  const trainer = await makeTrainer(withDropout(t.testdir({})), reference);
  const ids = [[2, 5, 3]];
  const refused: [unknown, Kind, RegExp][] = [
    [undefined, 'TypeError', /expected { input_ids/],
    [[], 'RangeError', /expected a batch at least, got none/],
    [{}, 'TypeError', /input_ids is missing/],
    [{ input_ids: [] }, 'RangeError', /at least one row/],
    [{ input_ids: [[]], labels: [[]] }, 'RangeError', /at least one token/],
    [{ input_ids: ids }, 'RangeError', /training needs labels or sentence_order_label/],
    [{ input_ids: ids, label: [[1, 2, 3]] }, 'TypeError', /did you mean 'labels'/],
    [{ input_ids: ids, labels: [[-100, 1]] }, 'RangeError', /labels row 0: expected 3 values/],
    [{ input_ids: ids, labels: [[-100, 99999, 1]] }, 'RangeError', /column 1: expected a label/],
    [{ input_ids: [[2, 99999, 3]], labels: [[-100, 1, 1]] }, 'RangeError', /99999/],
    [{ input_ids: ids, labels: [[-100, -100, -100]] }, 'RangeError', /every one is -100/],
    [{ input_ids: ids, sentence_order_label: [2] }, 'RangeError', /from 0 to 1/],
    [[batch, { input_ids: ids }], 'RangeError', /training needs/],
    [[batch, { input_ids: 7 }], 'TypeError', /input_ids/],
  ];
  for (const [one, kind, message] of refused) {
    await expectError(t, () => trainer.step(one), kind, message);
    await expectError(t, () => trainer.gradients(one), kind, message);
  }
  t.equal(trainer.global_step, 0);
  await expectError(t, () => trainer.evaluate([]), 'RangeError', /a batch at least/);
  await expectError(t, () => trainer.step(batch, { signl: 1 } as never), 'TypeError', /'signal'/);
  t.match(await trainer.step(batch), { step: 1 }, 'and goes on as if nothing had been');
});

t.test('every head learns from its labels, and from none without them', async (t) => {
  const input_ids = [[2, 5, 6, 3], [2, 7, 3]];
  const heads = [
    [AlbertForMaskedLM, { input_ids, labels: [[-100, 5, -100, -100], [-100, 8, -100]] }],
    [AlbertForSequenceClassification, { input_ids, labels: [0, 2] }],
    [AlbertForSequenceClassification, { input_ids, labels: [[0, 1, 1], [1, 0, 0]] }],
    [AlbertForTokenClassification, { input_ids, labels: [[-100, 0, 2, 1], [1, 1, -100]] }],
    [AlbertForQuestionAnswering, { input_ids, start_positions: [1, 0], end_positions: [2, 1] }],
    [
      AlbertForQuestionAnsweringV2,
      { input_ids, start_positions: [1, 0], end_positions: [2, 0], is_impossible: [0, 1] },
    ],
    [AlbertForMultipleChoice, { input_ids: [input_ids], labels: [1] }],
  ] as const;
  for (const [Model, one] of heads) {
    for (const device of ['reference', 'cpu'] as const) {
      const Any = Model as typeof AlbertForSequenceClassification; // they differ in their outputs
      const model = await Any.from_config(config, { device, seed: 1 });
      const dialects = ['huggingface', 'google'] as const;
      for (const dialect of dialects) {
        const options = { learning_rate: 5e-3, max_steps: 40, warmup_steps: 4, dialect };
        const trainer = new Trainer(model as never, { ...options, dropout: false });
        const first = await trainer.step(one as never);
        for (let i = 0; i < 38; ++i) await trainer.step(one as never);
        const last = await trainer.step(one as never);
        const what = `${Model.name} on ${device}, ${dialect}`;
        t.ok(last.loss < first.loss, `${what}: ${first.loss} to ${last.loss}`);
        const nothing = { input_ids: (one as { input_ids: unknown }).input_ids };
        await expectError(t, () => trainer.step(nothing as never), 'RangeError', /training needs/);
        await trainer.dispose();
      }
    }
  }
});

t.test('regression', async (t) => {
  const one = { ...config, num_labels: 1 };
  const model = await AlbertForSequenceClassification.from_config(one, fresh);
  const trainer = new Trainer(model, { learning_rate: 5e-3, max_steps: 30, dropout: false });
  const inputs = { input_ids: [[2, 5, 3], [2, 6, 3]], labels: [0.5, 2.5] };
  const { loss } = await trainer.step(inputs);
  for (let i = 0; i < 28; ++i) await trainer.step(inputs);
  t.ok((await trainer.step(inputs)).loss < loss / 2);
  await expectError(t, () => trainer.step({ ...inputs, labels: [1, NaN] }), 'RangeError', /finite/);
});

t.test('datasets', async (t) => {
  const directory = withDropout(t.testdir({}));
  const make = () => makeTrainer(directory, reference, { max_steps: 3, train_batch_size: 2 });
  const run = (source: unknown, options: object = {}) => async () => {
    const trainer = await make();
    for await (const _ of trainer.train(source as never, options)) void _;
  };
  const rows = rowsOf(batches).slice(0, 4);
  const late = async function* () {
    yield* rows.slice(0, 3);
    throw new Error('the disk was unplugged');
  };
  const refused: [() => Promise<void>, Kind | 'Error', RegExp][] = [
    [run(undefined), 'TypeError', /expected a dataset/],
    [run('corpus.txt'), 'TypeError', /expected a dataset/],
    [run({}), 'TypeError', /iterable/],
    [run([]), 'RangeError', /gave no example/],
    [run([1, 2]), 'TypeError', /example 0: expected { input_ids/],
    [run([rows[0], { input_ids: [2, 5] }]), 'RangeError', /example 1 lacks/],
    [run([rows[0], { ...rows[1], labels: [1] }]), 'RangeError', /examples 0 to 1: labels row 1/],
    [run(rows.values()), 'RangeError', /has ended.*max_steps/],
    [run(late()), 'Error' as never, /unplugged/],
    [run(rows, { evalution: rows }), 'TypeError', /did you mean 'evaluation'/],
    [run(rows, { evaluation: 3 }), 'TypeError', /examples or a function/],
    [run(rows, { signal: 3 }), 'TypeError', /AbortSignal/],
  ];
  for (const [work, kind, message] of refused) await expectError(t, work, kind as Kind, message);
  await expectError(t, () => new ExampleDataset([]), 'RangeError', /an example at least/);
  await expectError(t, () => new ExampleDataset({} as never), 'TypeError', /an array/);
  const other = new ExampleDataset(rows);
  await expectError(t, () => other.restore({} as never), 'TypeError', /version 1/);

  const trainer = await make();
  const loop = trainer.train(rows);
  await loop.next();
  const second = trainer.train(rows);
  await expectError(t, () => second.next(), 'ERR_BUSY', /another loop/);
  await loop.return();
});

t.test('checkpoints that are damaged, or of another run', async (t) => {
  const directory = withDropout(t.testdir({}));
  const trainer = await makeTrainer(directory, reference, { seed: 1 });
  await trainer.step(batch);
  const good = path.join(directory, 'good');
  await trainer.save(good);
  let count = 0;
  const changed = (change: (folder: string) => void): (() => Promise<unknown>) => {
    const folder = path.join(directory, `copy-${++count}`);
    cpSync(good, folder, { recursive: true });
    change(folder);
    return () => Trainer.resume(folder);
  };
  const edit = (name: string, to: (text: string) => string) => (folder: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, to(readFileSync(file, 'utf8')));
  };
  const refused: [(folder: string) => void, Kind, RegExp][] = [
    [(folder) => rmSync(folder, { recursive: true }), 'ERR_NOT_FOUND', /no checkpoint/],
    [edit('trainer_state.json', () => '{'), 'ERR_FORMAT', /no JSON/],
    [edit('trainer_state.json', () => '{}'), 'ERR_FORMAT', /no state of a trainer/],
    [edit('trainer_state.json', (s) => s.replace('AlbertForPre', 'Bert')), 'ERR_FORMAT', /class/],
    [edit('config.json', (s) => s.replace(/"num_hidden_layers": \d/, '"num_hidden_layers": 9')),
      'ERR_CONFIG', /num_hidden_layers was 3, now it is 9|num_hidden_layers was \d, now it is 9/],
    [(folder) => rmSync(path.join(folder, 'optimizer.safetensors')), 'ERR_NOT_FOUND', /optimizer/],
    [edit('optimizer.safetensors', (s) => s.slice(0, 200)), 'ERR_FORMAT', /safetensors/],
    [(folder) => rmSync(path.join(folder, 'model.safetensors')), 'ERR_NOT_FOUND', /model/],
  ];
  for (const [change, kind, message] of refused) {
    await expectError(t, changed(change), kind, message);
  }
  const resume = (options: object) => () => Trainer.resume(good, options);
  await expectError(t, resume({ options: { max_steps: 50, seed: 2 } }), 'ERR_CONFIG',
    /seed was 1, now it is 2.*begin a new run/);
  await expectError(t, resume({ datset: [] }), 'TypeError', /did you mean 'dataset'/);
  const more = await Trainer.resume(good, { options: { max_steps: 50, output_dir: directory } });
  t.match([more.options.output_dir, more.options.seed, more.global_step], [directory, 1, 1]);
  const taken = path.join(directory, 'taken');
  cpSync(good, path.join(taken, 'checkpoint-1'), { recursive: true });
  await expectError(t, () => trainer.save(taken), 'ERR_IO', /other things than a checkpoint/);
  const nowhere = path.join(directory, 'no', 'where');
  await expectError(t, () => trainer.save(nowhere), 'ERR_IO', /No such/);
  await expectError(t, () => trainer.save(''), 'RangeError', /directory/);
});

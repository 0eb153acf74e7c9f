// Trainer.train: events, positions, leaving and resuming, evaluation, reporters, datasets.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import {
  AlbertForPreTraining,
  ExampleDataset,
  PretrainingDataset,
  Trainer,
  type TrainerOptions,
  type TrainingEvent,
  type TrainingExample,
} from '../../dist/index.js';
import { expectError } from '../support/errors';
import { loadTokenizer, plainText } from '../support/pretraining';
import {
  curveOf,
  eventsOf,
  fingerprint,
  makeTrainer,
  readGoldenTraining,
  rowsOf,
  variants,
  withDropout,
} from '../support/training';

const examples = rowsOf(readGoldenTraining().batches);
const [reference] = variants;
const kinds = (events: readonly TrainingEvent[]): string[] =>
  events.map(({ type, step }) => `${type} ${step}`);

const options = (output_dir: string, more: TrainerOptions = {}): TrainerOptions => ({
  max_steps: 9,
  train_batch_size: 6,
  gradient_accumulation_steps: 2,
  output_dir,
  save_steps: 4,
  ...more,
});

t.test('a run tells its updates, evaluations, checkpoints and its end', async (t) => {
  const directory = withDropout(t.testdir({}));
  const output = path.join(directory, 'run');
  const told: TrainingEvent[] = [];
  let closed = 0;
  const reporter = {
    report: (event: TrainingEvent) => void told.push(event),
    close: () => void ++closed,
  };
  const more = { eval_steps: 6, logging_steps: 3, save_total_limit: 2, report_to: reporter };
  const trainer = await makeTrainer(directory, reference!, options(output, more));
  const events = await eventsOf(trainer.train(examples, { evaluation: examples.slice(0, 10) }));
  t.same(kinds(events), [
    'step 3', 'checkpoint 4', 'step 6', 'evaluate 6', 'checkpoint 8', 'step 9', 'evaluate 9',
    'checkpoint 9', 'done 9',
  ]);
  t.same(told, events);
  t.equal(closed, 1);
  t.same(readdirSync(output).sort(), ['checkpoint-8', 'checkpoint-9'], 'the oldest was deleted');
  const [first] = events;
  t.match(first, { type: 'step', examples: 18 });
  t.match(events.at(-1), { reason: 'max_steps' });
  t.same(kinds(await eventsOf(trainer.train(examples))), ['done 9'], 'nothing is left to do');
});

for (const variant of variants) {
  t.test(`${variant.name}: a run that was resumed ends with the same bits`, async (t) => {
    const directory = withDropout(t.testdir({}));
    const [one, two] = ['one', 'two'].map((name) => path.join(directory, name));
    const dataset = () => new ExampleDataset(examples.slice(0, 20), { seed: 3 });
    const whole = await makeTrainer(directory, variant, options(one!));
    const expected = curveOf(await eventsOf(whole.train(dataset())));
    t.equal(expected.length, 9);

    const half = await makeTrainer(directory, variant, options(two!));
    for await (const { type, step } of half.train(dataset())) {
      if (type === 'step' && step === 5) break;
    }
    t.ok(readdirSync(two!).includes('checkpoint-5'), 'leaving the loop saved');
    const resume = { dataset: dataset(), device: variant.device };
    const resumed = await Trainer.resume(two!, resume);
    t.equal(resumed.global_step, 5);
    t.same(curveOf(await eventsOf(resumed.train())), expected.slice(5));
    const ends = [one, two].map((folder) => fingerprint(path.join(folder!, 'checkpoint-9')));
    t.equal(ends[1], ends[0]);
  });
}

t.test('a loop that was left goes on behind the last example it trained on', async (t) => {
  const directory = withDropout(t.testdir({}));
  const settings = { max_steps: 6, train_batch_size: 4 };
  const whole = await makeTrainer(directory, reference!, settings);
  const expected = curveOf(await eventsOf(whole.train(examples)));
  for (const source of [examples, new ExampleDataset(examples, { shuffle: false })]) {
    const trainer = await makeTrainer(directory, reference!, settings);
    const seen = [];
    for (let loop = 0; loop < 6; ++loop) {
      for await (const event of trainer.train(source)) {
        seen.push(event);
        break;
      }
    }
    t.same(curveOf(seen), expected, source.constructor.name);
  }
});

t.test('examples made from text, resumed at any of them', async (t) => {
  const output = t.testdir({ 'corpus.txt': plainText(6, 8) });
  const corpus = path.join(output, 'corpus.txt');
  const tokenizer = await loadTokenizer();
  const config = {
    vocab_size: 30000, embedding_size: 8, hidden_size: 16, num_hidden_layers: 2,
    num_attention_heads: 2, intermediate_size: 32, max_position_embeddings: 32,
  };
  const dataset = (seed = 4) =>
    new PretrainingDataset(corpus, tokenizer, { max_seq_length: 32, dupe_factor: 2, seed });
  const trainer = async (folder: string, save_steps: number) => {
    const model = await AlbertForPreTraining.from_config(config, { device: 'reference', seed: 1 });
    const settings = { max_steps: 8, train_batch_size: 5, output_dir: path.join(output, folder) };
    return new Trainer(model, { ...settings, save_steps, learning_rate: 1e-3 });
  };
  const expected = curveOf(await eventsOf((await trainer('one', 0)).train(dataset())));
  t.equal(expected.length, 8, 'a second pass began');
  for await (const event of (await trainer('two', 3)).train(dataset())) {
    if (event.type === 'checkpoint') break;
  }
  const resumed = await Trainer.resume(path.join(output, 'two'), { dataset: dataset() });
  t.same(curveOf(await eventsOf(resumed.train())), expected.slice(3));
  await expectError(
    t,
    () => Trainer.resume(path.join(output, 'two'), { dataset: dataset(5) }),
    'ERR_CONFIG',
    /seed was 4, now it is 5/,
  );
});

t.test('without max_steps a dataset is read once; it may be any iterable', async (t) => {
  const directory = withDropout(t.testdir({}));
  const settings: TrainerOptions = { lr_scheduler_type: 'constant', max_steps: undefined };
  const few = examples.slice(0, 7);
  const sources: Iterable<TrainingExample>[] | AsyncIterable<TrainingExample>[] = [
    few,
    new Set(few),
    few.values(),
  ];
  for (const source of sources) {
    const trainer = await makeTrainer(directory, reference!, { ...settings, train_batch_size: 3 });
    const events = await eventsOf(trainer.train(source));
    t.same(kinds(events), ['step 1', 'step 2', 'step 3', 'done 3']);
    t.match(events.at(-1), { reason: 'dataset' });
  }
});

t.test('an evaluation may be a function that uses the model', async (t) => {
  const directory = withDropout(t.testdir({}));
  const trainer = await makeTrainer(directory, reference!, { max_steps: 2, train_batch_size: 4 });
  const evaluation = async (): Promise<Record<string, number>> => {
    const { sop_logits } = await trainer.model({ input_ids: [[2, 5, 3]] });
    return { step: trainer.global_step, columns: sop_logits.dims[1] };
  };
  const events = await eventsOf(trainer.train(examples, { evaluation }));
  t.match(events.at(-2), { type: 'evaluate', metrics: { step: 2, columns: 2 } });
});

t.test('a signal stops a run, which saves and can be resumed', async (t) => {
  const directory = withDropout(t.testdir({}));
  const output = path.join(directory, 'run');
  const trainer = await makeTrainer(directory, reference!, options(output));
  const controller = new AbortController();
  const reason = new Error('enough');
  const seen: string[] = [];
  const loop = async (): Promise<void> => {
    for await (const event of trainer.train(examples, { signal: controller.signal })) {
      seen.push(`${event.type} ${event.step}`);
      if (event.step === 3) controller.abort(reason);
    }
  };
  await t.rejects(loop(), reason);
  t.same(seen, ['step 1', 'step 2', 'step 3']);
  t.same(readdirSync(output), ['checkpoint-3']);
  const resumed = await Trainer.resume(output, { dataset: examples });
  t.match((await eventsOf(resumed.train())).at(-1), { type: 'done', step: 9 });
});

// What stops a run, and what does not: the watch by itself, and runs that go wrong.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Trainer } from '../../dist/index.js';
import { DivergenceWatch } from '../../dist/training/divergence.js';
import { expectError } from '../support/errors';
import { readSafetensors } from '../support/safetensors';
import {
  eventsOf,
  goldenTrainer,
  makeTrainer,
  readGoldenTraining,
  rowsOf,
  withDropout,
} from '../support/training';

const reference = { device: 'reference', bf16: false } as const;
const blind = Math.log(30000);

/** Feeds losses to a watch; where it stops, and what it hints at. */
function watchAll(losses: Iterable<number>, skipped: (step: number) => boolean = () => false) {
  const watch = new DivergenceWatch({ warmup_steps: 100, vocabulary: 30000 });
  const hints: number[] = [];
  let step = 0;
  for (const loss of losses) {
    ++step;
    const report = { step, loss, mlm_loss: loss, grad_norm: 1, learning_rate: 1, tokens: 1 };
    try {
      const hint = watch.observe({ ...report, ...(skipped(step) && { skipped: true as const }) });
      if (hint) hints.push(step);
    } catch (error) {
      return { step, hints, message: (error as Error).message };
    }
  }
  return { step, hints, message: undefined };
}

/** A curve: piecewise linear between [update, loss], with noise. */
function* curve(...points: [number, number][]): Generator<number> {
  let [at, loss] = points[0]!;
  for (const [end, next] of points.slice(1)) {
    for (let i = at; i < end; ++i) {
      yield loss + ((next - loss) * (i - at)) / (end - at) + 0.3 * Math.sin(i * 12.9898);
    }
    [at, loss] = [end, next];
  }
}

t.test("ALBERT's plateau is a hint, once, and no reason to stop", async (t) => {
  const run = watchAll(curve([0, 10.4], [400, 6.9], [1600, 6.4], [3000, 4.8], [5600, 4.2]));
  t.match(run, { step: 5600, message: undefined });
  t.equal(run.hints.length, 1);
  t.ok(run.hints[0]! > 500 && run.hints[0]! < 1000, `at ${run.hints[0]}`);
});

t.test('noise, a spike and slow fine-tuning are no reason to stop', async (t) => {
  t.match(watchAll(curve([0, 0.7], [3000, 0.69])), { message: undefined });
  t.match(watchAll(curve([0, 0.7], [500, 0.2], [520, 3], [540, 0.2], [1000, 0.1])), {
    message: undefined,
  });
});

t.test('a sustained rise stops', async (t) => {
  const run = watchAll(curve([0, 10.4], [1000, 5], [1300, 9.9], [3000, 9.9]));
  t.match(run.message, /the mean loss of 100 updates rose from .*lower learning_rate/);
  t.ok(run.step > 1200 && run.step < 1500, `at ${run.step}`);
  const tuned = watchAll(curve([0, 0.7], [800, 0.2], [900, 0.7], [2000, 0.7]));
  t.match(tuned.message, /rose/);
});

t.test('a masked LM that guesses blindly behind the warm-up stops', async (t) => {
  const run = watchAll(curve([0, blind + 0.1], [5000, blind]));
  t.match(run.message, /blind guessing gives 10.31; check tokenizer and labels/);
  t.ok(run.step >= 1100 && run.step < 1200, `at ${run.step}`);
});

t.test('ten updates in a row without finite gradients stop, fewer do not', async (t) => {
  const fine = watchAll(curve([0, 5], [300, 4]), (step) => step % 10 !== 0);
  t.match(fine, { message: undefined });
  const stopped = watchAll(curve([0, 5], [300, 4]), (step) => step > 50);
  t.match(stopped, { step: 60, message: /10 updates in a row.*lower learning_rate/ });
  t.match(watchAll(Array.from({ length: 20 }, () => NaN)), { step: 10 });
});

t.test('what a watch knows survives being saved', async (t) => {
  const settings = { warmup_steps: 0, vocabulary: 30000 };
  const report = { step: 1, loss: 5, grad_norm: 1, learning_rate: 1, tokens: 1 };
  const first = new DivergenceWatch(settings);
  for (let i = 0; i < 9; ++i) first.observe({ ...report, skipped: true });
  const saved = JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>;
  const second = new DivergenceWatch(settings, saved);
  t.throws(() => second.observe({ ...report, skipped: true }), { code: 'ERR_DIVERGED' });
});

t.test('an update without finite gradients is skipped: nothing changes, all goes on', async (t) => {
  const { batches } = readGoldenTraining();
  const folder = t.testdir({});
  // The first update throws the weights so far away that nothing finite comes of them any more.
  const trainer = await goldenTrainer(reference, { learning_rate: 1e200, warmup_steps: 0 });
  t.match(await trainer.step(batches[0]!), { step: 1, skipped: undefined });
  await trainer.save(path.join(folder, 'before'));
  const report = await trainer.step(batches[1]!);
  t.match(report, { step: 2, skipped: true });
  t.notOk(Number.isFinite(report.grad_norm));
  await trainer.save(path.join(folder, 'after'));
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    const [before, after] = ['before', 'after'].map((name) =>
      readSafetensors(path.join(folder, name, file)),
    );
    for (const [name, { bytes }] of before ?? []) {
      if (name !== 'counts') t.ok(bytes.equals(after!.get(name)!.bytes), name);
    }
  }
  const resumed = await Trainer.resume(path.join(folder, 'after'));
  t.equal(resumed.global_step, 2, 'the schedule and the masks go on');
});

t.test('a run that diverges says so and keeps what was good', async (t) => {
  const directory = withDropout(t.testdir({}));
  const output_dir = path.join(directory, 'run');
  const rows = rowsOf(readGoldenTraining().batches);
  const common = { lr_scheduler_type: 'constant', warmup_steps: 0, train_batch_size: 8 } as const;
  const good = await makeTrainer(directory, reference, {
    ...common, learning_rate: 1e-3, max_steps: 5, output_dir,
  });
  await eventsOf(good.train(rows));
  const bad = await makeTrainer(directory, reference, {
    ...common, learning_rate: 1e200, max_steps: 50, output_dir, save_steps: 7,
  });
  const loop = async (): Promise<void> => {
    for await (const _ of bad.train(rows)) void _;
  };
  await expectError(t, loop, 'ERR_DIVERGED', /update 11: 10 updates in a row.*learning_rate/);
  t.ok(readdirSync(output_dir).includes('checkpoint-5'));
  t.notOk(readdirSync(output_dir).includes('checkpoint-11'), 'what diverged was not saved');
  t.equal((await Trainer.resume(path.join(output_dir, 'checkpoint-5'))).global_step, 5);
});

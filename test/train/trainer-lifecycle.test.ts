// Lifetimes of trainers: busy, aborted, disposed, collected, in threads and processes that end.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { AlbertForPreTraining, Trainer } from '../../dist/index.js';
import * as train from '../fixtures/lifecycle/train.cjs';
import { expectError } from '../support/errors';
import {
  fingerprint,
  goldenTrainer,
  readGoldenTraining,
  stepAll,
  variants,
} from '../support/training';

const script = path.join(__dirname, '../fixtures/lifecycle/train.cjs');
const env = { ...process.env, NODE_OPTIONS: '' };
const [batch] = readGoldenTraining().batches;
const [reference, cpu] = variants;

t.setTimeout(300_000);
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

t.test('one thing at a time', async (t) => {
  const { trainer, batch: slow } = await train.slow();
  const folder = path.join(t.testdir({}), 'busy');
  const running = trainer.step(slow);
  const others: [string, () => Promise<unknown>][] = [
    ['step', () => trainer.step(slow)],
    ['gradients', () => trainer.gradients(slow)],
    ['evaluate', () => trainer.evaluate([slow])],
    ['save', () => trainer.save(folder)],
  ];
  for (const [name, call] of others) await expectError(t, call, 'ERR_BUSY', /at work/, name);
  t.match(await running, { step: 1 });
  t.match(await trainer.step(slow), { step: 2 }, 'and then the next');
  await trainer.dispose();
});

t.test('an update that is aborted has changed nothing', async (t) => {
  const { trainer, batch: slow } = await train.slow();
  const expected = await trainer.gradients(slow);
  for (const delay of [0, 2, 20]) {
    const controller = new AbortController();
    const work = trainer.step(slow, { signal: controller.signal });
    await sleep(delay);
    controller.abort(new Error('no more'));
    await t.rejects(work, new Error('no more'));
  }
  t.equal(trainer.global_step, 0);
  t.same((await trainer.gradients(slow)).loss, expected.loss);
  await t.rejects(trainer.step(slow, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  t.match(await trainer.step(slow), { step: 1 });
  await trainer.dispose();
});

t.test('the model answers while an update runs, with whole weights', async (t) => {
  const { trainer, model, batch: slow } = await train.slow();
  const inputs = { input_ids: [[1, 2, 3, 4]], sentence_order_label: [0] };
  const before = (await model(inputs)).loss;
  const work = trainer.step(slow);
  const during = [];
  for (let i = 0; i < 5; ++i) during.push((await model(inputs)).loss);
  t.same(during.slice(0, 1), [before], 'the old ones, first');
  await work;
  const after = (await model(inputs)).loss;
  t.not(after, before);
  t.ok(during.every((loss) => loss === before || loss === after));
  await trainer.dispose();
});

t.test('disposal, in every order', async (t) => {
  for (const delay of [undefined, 0, 5]) {
    const { trainer, batch: slow } = await train.slow();
    const work = trainer.step(slow).catch((error: Error) => error);
    if (delay !== undefined) await sleep(delay);
    await trainer.dispose();
    t.match(await work, { name: /AbortError|AlbertError/ });
    await expectError(t, () => trainer.step(slow), 'ERR_DISPOSED', /make another trainer/);
    await expectError(t, () => trainer.save('x'), 'ERR_DISPOSED', /disposed/);
    t.same(trainer.memory(), []);
    await trainer.dispose();
  }
  const trained = await goldenTrainer(reference!);
  await trained.step(batch!);
  const { loss } = await trained.evaluate([batch!]);
  await trained.dispose();
  t.ok(Math.abs((await trained.model(batch!)).loss / loss - 1) < 1e-5, 'the model keeps them');

  const orphan = await goldenTrainer(reference!);
  await orphan.step(batch!);
  await orphan.model.dispose();
  t.match(await orphan.step(batch!), { step: 2 }, 'a trainer outlives its model');
  const late = await goldenTrainer(reference!);
  await late.model.dispose();
  await expectError(t, () => late.step(batch!), 'ERR_DISPOSED', /the model was disposed/);
});

t.test('trainers that nobody holds are collected, also while they work', async (t) => {
  let finalized = 0;
  const registry = new FinalizationRegistry(() => (finalized += 1));
  const start = async (): Promise<Promise<unknown>[]> => {
    const steps: Promise<unknown>[] = [];
    for (let i = 0; i < 30; ++i) {
      const trainer = await goldenTrainer(cpu!);
      registry.register(trainer, undefined);
      steps.push(trainer.step(batch!).catch((error: Error) => error.name));
    }
    return steps;
  };
  const steps = await start();
  collect();
  for (const step of steps) t.ok(await step);
  for (let i = 0; i < 50 && finalized < 20; ++i) {
    collect();
    await sleep(20);
  }
  t.ok(finalized >= 20, `${finalized} of 30`);
});

t.test('memory stays flat', async (t) => {
  const trainer = await goldenTrainer(cpu!, { lr_scheduler_type: 'constant' });
  const batches = readGoldenTraining().batches;
  const bytes = async (): Promise<number> => {
    for (let i = 0; i < 4; ++i) await stepAll(trainer, batches);
    collect();
    await sleep(50);
    return process.memoryUsage().rss;
  };
  await bytes();
  const before = await bytes();
  const grown = (await bytes()) + (await bytes()) - 2 * before;
  t.ok(grown < 16 * 2 ** 20, `${grown} bytes in 400 updates`);
});

t.test('a worker may end in the middle of an update', async (t) => {
  for (const delay of [0, 3, 40]) {
    const worker = new Worker(script, { argv: ['steps'], env, execArgv: [], stdout: true });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await sleep(delay);
    t.equal(await worker.terminate(), 1);
  }
});

t.test('a process may end in the middle of an update', async (t) => {
  const code = "const f = require(process.argv[1]); f.slow().then(({ trainer, batch }) => {" +
    'void trainer.step(batch); setTimeout(() => process.exit(7), 10); });';
  const ended = await new Promise((resolve) => {
    execFile(process.execPath, ['-e', code, script], { env }, (error) => resolve(error?.code));
  });
  t.equal(ended, 7);
});

/** Lets a process train until it has saved a few times, then kills it at a random moment. */
async function trainAndKill(folder: string): Promise<void> {
  const child = spawn(process.execPath, [script, 'checkpoints', folder], { env });
  let saved = 0;
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      saved += String(text).trim().split('\n').length;
      if (saved >= 3) resolve();
    });
    child.stderr.on('data', (text: Buffer) => {
      if (String(text).includes('Error')) reject(new Error(String(text)));
    });
    child.once('exit', () => reject(new Error('the child ended by itself')));
  });
  await sleep(Math.random() * 40);
  child.removeAllListeners('exit');
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

t.test('killed at any moment, a run goes on from its last checkpoint, to the bit', async (t) => {
  const folder = path.join(t.testdir({}), 'run');
  let last = 0;
  for (let round = 0; round < 5; ++round) {
    await trainAndKill(folder);
    const trainer = await train.begin(folder);
    t.ok(trainer.global_step >= last + 3, `round ${round}: ${last} to ${trainer.global_step}`);
    last = trainer.global_step;
    await trainer.dispose();
  }
  const whole = path.join(path.dirname(folder), 'whole');
  const options = { max_steps: last, save_steps: 0, save_total_limit: 0 };
  const trainer = await train.begin(whole, options);
  for await (const _ of trainer.train(train.dataset())) void _;
  const name = `checkpoint-${last}`;
  t.equal(fingerprint(path.join(folder, name)), fingerprint(path.join(whole, name)));
  const left = readdirSync(folder).filter((entry) => !/^checkpoint-\d+$/.test(entry));
  t.ok(left.length <= 1, `leftovers of dead processes are cleared away: ${left.join()}`);
});

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const skip = hasPrlimit ? false : 'needs the program prlimit (util-linux) to fill the disk';

t.test('a full disk costs checkpoints, not the run', { skip }, async (t) => {
  const folder = path.join(t.testdir({}), 'run');
  const output = await new Promise<string>((resolve) => {
    const command = [script, 'full', folder];
    execFile(process.execPath, command, { env }, (error, text) => {
      t.equal(error, null);
      resolve(text);
    });
  });
  const told = JSON.parse(output) as string[];
  const isWarning = (text: string): boolean => text.startsWith('No checkpoint');
  const saves = told.filter((text) => !isWarning(text));
  t.same(saves, ['2 saved', '4 saved', '6 ERR_IO', '8 ERR_IO', '10 saved']);
  const [warning, ...more] = told.filter(isWarning);
  t.match(warning, /the run goes on: cannot write .*File too large/);
  t.same(more, [], 'one warning');
  t.same(readdirSync(folder).sort(), ['checkpoint-10', 'checkpoint-4']);
  t.equal((await Trainer.resume(folder)).global_step, 10);
});

t.test('a checkpoint replaces an older one of its name in one step', async (t) => {
  const folder = path.join(t.testdir({}), 'same');
  const trainer = await goldenTrainer(cpu!);
  for (let i = 1; i <= 3; ++i) {
    await trainer.step(batch!);
    await trainer.save(folder);
    t.same(readdirSync(path.dirname(folder)), ['same']);
    t.equal((await Trainer.resume(folder)).global_step, i);
  }
  const names = ['config.json', 'model.safetensors', 'optimizer.safetensors', 'trainer_state.json'];
  t.same(readdirSync(folder).sort(), names);
  const model = await AlbertForPreTraining.from_pretrained(folder, { device: 'cpu' });
  const [a, b] = [await model(batch!), await trainer.model(batch!)];
  t.equal(a.loss, b.loss);
});

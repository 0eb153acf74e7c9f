// Lifetimes at the native door: collection, disposal, abort, threads and processes ending mid-run.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { native, type NativeModel } from '../../dist/native.js';
import * as tiny from '../fixtures/lifecycle/tiny.cjs';

const fixtures = path.join(__dirname, '../fixtures/lifecycle');
const megabyte = 2 ** 20;
/** Without the hooks of the test runner: children start fast, and as they would elsewhere. */
const env = { ...process.env, NODE_OPTIONS: '' };

t.setTimeout(300_000);
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

interface Ended {
  code: number | string | null;
  signal: string | null;
  output: string;
}

function runProcess(script: string, ...args: string[]): Promise<Ended> {
  const command = [path.join(fixtures, script), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { timeout: 60_000, env }, (error, output) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, output });
    });
  });
}

function startWorker(script: string, folder: string): Worker {
  const options = { argv: ['forever', folder], env, execArgv: [], stdout: true };
  return new Worker(path.join(fixtures, script), options);
}

const running = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });

const ended = (worker: Worker): Promise<number> =>
  new Promise((resolve, reject) => {
    worker.once('exit', resolve);
    worker.once('error', reject);
  });

async function hiddenStates(model: NativeModel): Promise<Float32Array> {
  const { last_hidden_state } = await model.forward(tiny.request()).promise;
  return last_hidden_state?.data as Float32Array;
}

t.test('the process lives while promises are pending, and no longer', async (t) => {
  const { code, signal, output } = await runProcess('once.cjs');
  t.same([code, signal], [0, null]);
  t.match(output, /last_hidden_state/);
});

t.test('results arrive although the model and the job were collected', async (t) => {
  const expected = await hiddenStates(await tiny.load());
  const external = process.memoryUsage().external;
  let finalized = 0;
  const registry = new FinalizationRegistry(() => (finalized += 1));
  const start = async (): Promise<Promise<Float32Array>[]> => {
    const results: Promise<Float32Array>[] = [];
    for (let i = 0; i < 50; i++) {
      const model = await tiny.load();
      registry.register(model, undefined);
      results.push(hiddenStates(model));
    }
    return results;
  };
  for (const result of await start().then((results) => (collect(), results))) {
    t.same(await result, expected);
  }
  for (let i = 0; i < 50 && finalized < 45; i++) {
    collect();
    await sleep(10);
  }
  t.ok(finalized >= 45, `${finalized} of 50 models were collected`);
  t.ok(process.memoryUsage().external - external < megabyte, 'their bytes are given back');
});

t.test('a model that goes while its job runs takes nothing with it', async (t) => {
  let model: NativeModel | undefined = await tiny.loadSlow();
  const { promise } = model.forward(tiny.slowRequest());
  const { promise: lost, abort } = model.forward(tiny.slowRequest());
  t.throws(() => abort.call(undefined), TypeError);
  model = undefined;
  collect();
  t.ok((await promise)['last_hidden_state']);
  t.ok((await lost)['last_hidden_state']);
});

t.test('dispose waits for running work and rejects waiting work', async (t) => {
  const model = await tiny.loadSlow({ threads: 1 });
  const jobs = Array.from({ length: 40 }, () => model.forward(tiny.request(1, 128)).promise);
  const settled = Promise.allSettled(jobs);
  await sleep(20);
  const disposals = [model.dispose(), model.dispose()];
  t.equal(model.disposed, true);
  t.same(await Promise.all(disposals), [undefined, undefined]);
  const results = await settled;
  const rejected = results.filter((result) => result.status === 'rejected');
  t.ok(rejected.length > 0 && rejected.length < 40, `${rejected.length} of 40 rejected`);
  for (const { reason } of rejected) t.match(reason, { name: 'AlbertError', code: 'ERR_DISPOSED' });
});

t.test('use after dispose is an error, dispose after dispose is not', async (t) => {
  const model = await tiny.load();
  await model.dispose();
  await model.dispose();
  const expected = { name: 'AlbertError', code: 'ERR_DISPOSED' };
  t.throws(() => model.forward(tiny.request()), expected);
  t.throws(() => model.memory(), expected);
  t.throws(() => model.save(path.join(t.testdir(), 'model.safetensors')), expected);
  t.equal(model.disposed, true);
  t.match(model.warnings, [/does not use/]);
});

t.test('dispose while a file is being written leaves the whole file or none', async (t) => {
  const file = path.join(t.testdir(), 'model.safetensors');
  const model = await tiny.load();
  const save = model.save(file).then(
    () => true,
    () => false,
  );
  await model.dispose();
  const saved = await save;
  t.equal(fs.existsSync(file), saved);
  if (!saved) return;
  const again = await native.load_model(tiny.loadRequest({ path: file }));
  t.same(await hiddenStates(again), await hiddenStates(await tiny.load()));
});

t.test('abort rejects at once, whatever state the job is in', async (t) => {
  const model = await tiny.loadSlow();
  const jobs = Array.from({ length: 6 }, () => model.forward(tiny.slowRequest()));
  const begin = performance.now();
  for (const job of jobs) job.abort();
  for (const job of jobs) await t.rejects(job.promise, { name: 'AbortError' });
  t.ok(performance.now() - begin < 100, 'none of them waits for the computation');
  const job = model.forward(tiny.request());
  await job.promise;
  job.abort();
  t.ok((await job.promise)['last_hidden_state'], 'an abort that comes too late changes nothing');
  await model.dispose();
});

t.test('eight workers are terminated mid-run', async (t) => {
  const folder = t.testdir();
  const model = await tiny.load();
  const expected = await hiddenStates(model);
  for (const delay of [0, 5, 30]) {
    const workers = Array.from({ length: 8 }, () => startWorker('busy.cjs', folder));
    await Promise.all(workers.map(running));
    await sleep(delay);
    const codes = await Promise.all(workers.map((worker) => worker.terminate()));
    t.same(codes, Array<number>(8).fill(1));
    t.same(await hiddenStates(model), expected, 'the others go on');
  }
});

t.test('workers are terminated while they load the binary', async (t) => {
  const folder = t.testdir();
  for (let delay = 0; delay < 100; delay += 5) {
    const worker = startWorker('busy.cjs', folder);
    await sleep(delay);
    await worker.terminate();
  }
  t.ok(await hiddenStates(await tiny.load()));
});

t.test('a process exits mid-run', async (t) => {
  const folder = t.testdir();
  for (const mode of ['0', '1', '10', '100', '0+worker', '20+worker']) {
    const { code, signal, output } = await runProcess('busy.cjs', mode, folder);
    t.same([code, signal, output], [7, null, 'running'], mode);
  }
  for (const mode of ['throw', 'throw+worker']) {
    const { code, signal } = await runProcess('busy.cjs', mode, folder);
    t.same([code, signal], [1, null], mode);
  }
});

t.test('200 loads of the binary grow nothing', async (t) => {
  const folder = t.testdir();
  let early = 0;
  let failures = 0;
  for (let i = 0; i < 200; i++) {
    failures += await ended(startWorker('once.cjs', folder));
    if (i === 60) early = process.memoryUsage().rss;
  }
  t.equal(failures, 0);
  // An empty worker costs Node itself about 1 MB in 140; 16 MB would be 114 KiB a load.
  const growth = (process.memoryUsage().rss - early) / megabyte;
  t.ok(growth < 16, `${growth.toFixed(1)} MB after 140 more loads`);
});

t.test('200 loads of a model grow nothing', async (t) => {
  let early = 0;
  for (let i = 0; i < 200; i++) {
    const model = await tiny.load();
    await hiddenStates(model);
    await model.dispose();
    if (i === 60) early = process.memoryUsage().rss;
    if (i % 20 === 0) collect();
  }
  const growth = (process.memoryUsage().rss - early) / megabyte;
  t.ok(growth < 16, `${growth.toFixed(1)} MB after 140 more models`);
});

t.test('the binary can be loaded twice in one thread', async (t) => {
  const file = Object.keys(require.cache).find((name) => name.endsWith('.node'));
  const again = { exports: {} as typeof native };
  process.dlopen(again as unknown as NodeJS.Module, file as string);
  t.not(again.exports, native);
  again.exports.initialize((name, message) => new Error(`${name} of the second: ${message}`));
  const model = await again.exports.load_model(tiny.loadRequest());
  const first = await tiny.load();
  t.same(await hiddenStates(model), await hiddenStates(first));
  t.throws(() => model.forward.call(first, tiny.request()), TypeError);
  await t.rejects(again.exports.load_tokenizer(new Uint8Array(3), tiny.tokenizerOptions), {
    message: /^ERR_FORMAT of the second: /,
  });
  await t.rejects(native.load_tokenizer(new Uint8Array(3), tiny.tokenizerOptions), {
    code: 'ERR_FORMAT',
  });
});

// What the engine does to its process: the event loop, libuv's workers, memory, the end.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import path from 'node:path';
import t from 'tap';
import { AlbertForMaskedLM, AlbertModel } from '../../dist/index.js';
import { runNode } from '../support/forward';
import { inputsOf, row, slowModel } from './slow';

t.setTimeout(300_000);

const child = path.join(__dirname, 'slow-child.cjs');

async function run<Result>(
  mode: string,
  { args = [], env = {}, flags = [] }: Settings = {},
): Promise<Result> {
  const { code, signal, output, errors } = await runNode([...flags, child, mode, ...args], { env });
  if (code !== 0 || signal) throw new Error(`${mode} ended with ${code ?? signal}: ${errors}`);
  return JSON.parse(output) as Result;
}

interface Settings {
  args?: string[];
  env?: Record<string, string>;
  flags?: string[];
}

t.test('the event loop runs on while the engine computes', async (t) => {
  const model = await slowModel({}, 12);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const begin = performance.now();
  let calls = 0;
  const caller = async (first: number): Promise<void> => {
    while (performance.now() - begin < 5500) {
      await model({ input_ids: [row(128, first), row(57, first), row(300, first)] });
      ++calls;
    }
  };
  delay.enable();
  await Promise.all([1, 2, 3, 4].map(caller));
  delay.disable();
  const p99 = delay.percentile(99) / 1e6;
  t.ok(calls > 4 && delay.count > 500, `${calls} calls, ${delay.count} samples`);
  t.ok(p99 < 50, `99 % of delays are below ${p99.toFixed(1)} ms`);
});

t.test('files are read while the engine computes, with one libuv worker', async (t) => {
  const result = await run<{ reads: number; median: number; worst: number }>('files', {
    env: { UV_THREADPOOL_SIZE: '1' },
  });
  t.ok(result.reads > 20, `${result.reads} reads`);
  t.ok(result.median < 50, `median ${result.median.toFixed(1)} ms`);
  t.ok(result.worst < 500, `worst ${result.worst.toFixed(1)} ms: none waits for a forward pass`);
});

t.test('a process stays for a pending result and ends when idle', async (t) => {
  t.same(await run('pending'), { dims: [1, 256] });
});

t.test('models of one checkpoint share their weights', async (t) => {
  const directory = t.testdir({});
  const model = await AlbertModel.from_config({
    vocab_size: 20_000,
    embedding_size: 256,
    hidden_size: 768,
    num_attention_heads: 12,
    intermediate_size: 3072,
    num_hidden_layers: 2,
  });
  await model.save_pretrained(directory);
  await model.dispose();
  const result = await run<{ first: number; others: number; bill: number }>('shared', {
    args: [directory],
    flags: ['--expose-gc'],
  });
  t.ok(result.bill > 40, `the bill says ${result.bill.toFixed(0)} MB`);
  t.ok(result.first > result.bill * 0.8, `the first load takes ${result.first.toFixed(0)} MB`);
  t.ok(result.others < result.bill / 4, `four more take ${result.others.toFixed(1)} MB together`);
});

t.test('2,000 forward passes leave nothing behind', async (t) => {
  const growth = await run<Record<'heap' | 'external' | 'buffers' | 'rss', number>>('heap', {
    flags: ['--expose-gc'],
  });
  for (const name of ['heap', 'external', 'buffers'] as const) {
    t.ok(growth[name] < 1, `${name}: ${growth[name].toFixed(2)} MB`);
  }
  t.ok(growth.rss < 8, `resident: ${growth.rss.toFixed(1)} MB`);
});

t.test('the bill lists parameters and activations', async (t) => {
  const config = {
    vocab_size: 1000,
    embedding_size: 16,
    hidden_size: 64,
    num_attention_heads: 4,
    intermediate_size: 128,
    num_hidden_layers: 3,
    max_position_embeddings: 64,
  };
  const model = await AlbertForMaskedLM.from_config(config, { device: 'cpu' });
  const total = (bill: { bytes: number }[]): number =>
    bill.reduce((sum, { bytes }) => sum + bytes, 0);
  const before = model.memory();
  t.ok(
    before.every(({ name, bytes }) => name.length > 0 && Number.isSafeInteger(bytes) && bytes > 0),
  );
  // Parameters of the spec's formulas; the cpu keeps the tied table twice: rows, and packed.
  const [V, P, E, H, F] = [1000, 64, 16, 64, 128];
  const encoder = V * E + P * E + 2 * E + 2 * E + (E * H + H);
  const block = 4 * (H * H + H) + 2 * H + (H * F + F) + (F * H + H) + 2 * H;
  const head = H * E + E + 2 * E + V;
  const parameters = 4 * (encoder + block + head);
  t.ok(total(before) >= parameters, `${total(before)} bytes for ${parameters} of parameters`);
  t.ok(total(before) < 2 * parameters, 'and less than twice that');
  await model(inputsOf(64));
  const after = model.memory();
  t.ok(
    after.some(({ name }) => name.startsWith('activations')),
    'activations show after a run',
  );
  t.ok(total(after) > total(before));
  await model(inputsOf(8));
  t.same(model.memory(), after, 'the largest run counts');
  await model.dispose();
});

// npm run bench:training: updates of ALBERT-base, this engine against PyTorch, time and memory.
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AlbertForPreTraining } from '../dist/index.mjs';
import { measurePeak } from '../dist/kernels.mjs';
import { python, start, workFolder } from './contestants.mjs';
import { machineLines, quietest } from './machine.mjs';
import { baseConfig } from './model.mjs';
import { amount, positive, readOptions, someOf } from './options.mjs';
import { Printer, typedCommand } from './report.mjs';
import { median, quantile } from './statistics.mjs';
import { megabytes, number, percent, table } from './table.mjs';
import { training as wanted, verdict } from './wanted.mjs';

const shapes = { '8x128': [8, 128], '4x512': [4, 512] };

/** Who trains, and how; the first is what the others are compared with. */
const entrants = [
  { name: 'albert-native', how: 'fp32', variant: {} },
  { name: 'albert-native', how: 'bf16', variant: { bf16: true } },
  { name: 'albert-native', how: 'bf16, recompute', variant: { bf16: true, recompute: true } },
  { name: 'pytorch', how: 'fp32', variant: {} },
  { name: 'pytorch', how: 'bf16 autocast', variant: { bf16: true } },
].map((entrant) => ({ ...entrant, dtype: entrant.variant.bf16 ? 'bf16' : 'fp32' }));
const drivers = { 'albert-native': 'training-albert-native.mjs', pytorch: 'training_pytorch.py' };

/** How far loss and gradient norm may be from those of our fp32, as a share. */
const tolerance = { fp32: 1e-4, bf16: 2e-2 };

const options = readOptions(
  'npm run bench:training --',
  'Times whole updates (forward, backward, clipping, AdamW) of ALBERT-base with dropout 0.1:\n' +
    'masked words and sentence order, 15 % masked. Loss and gradient norm are compared first.',
  {
    shape: {
      value: 'NAMES',
      fallback: Object.keys(shapes),
      read: someOf(Object.keys(shapes)),
      help: `some of ${Object.keys(shapes).join(', ')}`,
    },
    threads: { value: 'N', fallback: 2, read: positive, help: 'threads of each engine (2)' },
    rounds: { value: 'N', fallback: 3, read: positive, help: 'turns of each (3)' },
    seconds: { value: 'S', fallback: 4, read: amount, help: 'length of a turn, at least (4)' },
    json: { help: 'print one JSON document instead of tables' },
    save: { help: 'put what is printed into bench/RESULTS.md' },
  },
);
const log = (text) => console.error(`… ${text}`);

const folder = path.join(workFolder, 'albert-base-pretraining');

async function ensureWeights() {
  if (existsSync(folder)) return;
  log('making the weights in bench/.work (once)');
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const dropout = { hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 };
  const model = await AlbertForPreTraining.from_config({ ...baseConfig, ...dropout }, { seed: 1 });
  await model.save_pretrained(draft);
  await model.dispose();
  await rename(draft, folder);
}

/** Random tokens, 15 % of them to guess. */
function batchOf([rows, columns]) {
  let state = 1;
  const draw = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const each = (value) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, value));
  const input_ids = each(() => 5 + Math.floor(draw() * 29995));
  const labels = input_ids.map((row) => row.map((id) => (draw() < 0.15 ? id : -100)));
  const sentence_order_label = input_ids.map(() => (draw() < 0.5 ? 0 : 1));
  return { input_ids, labels, sentence_order_label };
}

/** Starts and loads an entrant; its first loss must be that of the first entrant. */
async function enter(entrant, batch, reference) {
  const { threads } = options;
  const process = start({ driver: drivers[entrant.name] }, { threads });
  await process.ask({ method: 'load', directory: folder, threads, ...entrant.variant });
  const [, first] = await process.ask({ method: 'prepare', batch }, { method: 'first' });
  for (const field of ['loss', 'grad_norm']) {
    const expected = (reference ?? first)[field];
    const error = Math.abs(first[field] / expected - 1);
    if (!(error <= tolerance[entrant.dtype])) {
      const who = `${entrant.name} ${entrant.how}`;
      throw new Error(`${who}: ${field} ${first[field]}, expected ${expected}: not timed`);
    }
  }
  return { ...entrant, process, first, milliseconds: [] };
}

async function contest(shape) {
  const batch = batchOf(shapes[shape]);
  const field = [];
  try {
    for (const entrant of entrants.filter(({ name }) => name !== 'pytorch' || existsSync(python))) {
      log(`${shape}: ${entrant.name} ${entrant.how}`);
      field.push(await enter(entrant, batch, field[0]?.first));
    }
    for (let round = 0; round < options.rounds; ++round) {
      for (const one of field) {
        const ask = () => one.process.ask({ method: 'time', seconds: options.seconds });
        const { result } = await quietest(one.process.pid, 1, ask);
        one.milliseconds.push(...result[0].milliseconds);
      }
    }
    return field.map((one) => summary(one, shape));
  } finally {
    for (const { process } of field) await process.end();
  }
}

/** Operations of an update: three times the products of forward, attention's among them. */
function operationsOf(shape) {
  const [rows, columns] = shapes[shape];
  const { hidden_size: H, intermediate_size: F, num_hidden_layers: N } = baseConfig;
  const { embedding_size: E, vocab_size: V } = baseConfig;
  const tokens = rows * columns;
  const layer = 4 * H * H + 2 * H * F + 2 * columns * H;
  return 6 * tokens * (N * layer + E * H + 0.15 * (H * E + E * V));
}

function summary({ name, how, dtype, process, milliseconds, first }, shape) {
  const [rows, columns] = shapes[shape];
  const middle = median(milliseconds);
  return {
    shape,
    name,
    how,
    dtype,
    loss: first.loss,
    milliseconds: middle,
    spread: (quantile(milliseconds, 0.9) - quantile(milliseconds, 0.1)) / middle,
    tokens_per_second: (1000 * rows * columns) / middle,
    gflops: operationsOf(shape) / middle / 1e6,
    memory: process.memory().peak,
  };
}

function shapeLines(results, peaks) {
  const rows = results.map((one) => [
    one.name,
    one.how,
    number(one.milliseconds),
    percent(one.spread, 1),
    number(one.tokens_per_second),
    percent(one.gflops / peaks[one.dtype]),
    megabytes(one.memory),
    one.loss.toFixed(5),
  ]);
  const numbers = [' ms', ' spread', ' tokens/s', ' of peak', ' memory', ' first loss'];
  return table(['engine', 'how', ...numbers], rows);
}

/** Ours in bfloat16 against the best of the others. */
function verdicts(shape, results) {
  const others = results.filter(({ name }) => name !== 'albert-native');
  if (others.length === 0) return ['PyTorch is not installed: see bench/README.md'];
  const best = others.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  const [, ours, recompute] = results;
  const speed = best.milliseconds / ours.milliseconds;
  const lines = [
    [`speed ${speed.toFixed(2)}× of ${best.name} ${best.how}`, `≥ ${wanted.speed[shape]}×`,
      speed >= wanted.speed[shape]],
    ...[[ours, wanted.memory], [recompute, wanted.recomputeMemory]].map(([one, share]) => [
      `memory of ${one.how} ${percent(one.memory / best.memory)}`, `≤ ${percent(share)}`,
      one.memory <= share * best.memory,
    ]),
  ];
  return lines.map(([what, limit, reached]) => `${shape}: ${what}, ${verdict(limit, reached)}`);
}

try {
  const printer = new Printer({ silent: options.json });
  printer.print(...machineLines(), `${options.threads} threads each`);
  await ensureWeights();
  const peaks = {};
  for (const dtype of ['fp32', 'bf16']) peaks[dtype] = (await measurePeak({ dtype })).gflops;
  const all = [];
  for (const shape of options.shape) {
    const results = await contest(shape);
    printer.print('', `updates of ${shape}; of peak: of ${Object.entries(peaks)
      .map(([dtype, gflops]) => `${number(gflops)} GFLOP/s in ${dtype}`).join(', ')}`);
    printer.print(...shapeLines(results, peaks), ...verdicts(shape, results));
    all.push(...results);
  }
  if (options.save) printer.save('Training', typedCommand('bench:training'));
  const document = { machine: machineLines(), peaks, results: all };
  if (options.json) console.log(JSON.stringify(document, null, 2));
} catch (error) {
  console.error(error.message);
  process.exit(1); // which also ends the contestants that were still there
}

// npm run bench: every kernel case, checked, then timed against the measured peak and its floor.
import { machineLines, quietest } from './machine.mjs';
import { positive, readOptions, someOf } from './options.mjs';
import { Printer, typedCommand } from './report.mjs';
import { median } from './statistics.mjs';
import { number, percent, table } from './table.mjs';
import { gemmShare, verdict } from './wanted.mjs';

const dtypes = ['fp32', 'bf16', 'int8'];

/** Layers compute in the dtype that was chosen; everything else is float32 in any case. */
const layerOps = ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert'];
/** What training adds to them; it knows no int8. */
const trainingOps = [
  ...['linear_backward', 'layer_norm_backward', 'attention_backward', 'gather_rows_backward'],
  'dropout',
];

const options = readOptions(
  'npm run bench --',
  'Times the kernels at the shapes of real models, each after its check against the float64\n' +
    'reference. Floor: the longer of flops / peak and bytes / bandwidth, both measured here,\n' +
    'the bandwidth over a working set as large as the case touches. In turns: the share\n' +
    'of the peak that is measured in turns with the case: what else loads the machine slows\n' +
    'both down. Calm: the same of the turns during which no other hyperthread worked on the\n' +
    'cores, where there were enough.',
  {
    dtype: { value: 'NAMES', fallback: dtypes, read: someOf(dtypes), help: dtypes.join(', ') },
    filter: { value: 'TEXT', fallback: '', help: 'only cases whose name contains TEXT' },
    isa: { value: 'NAMES', help: 'instruction sets, between commas (default: the best)' },
    threads: { value: 'N', read: positive, help: 'threads (default: all processors)' },
    quick: { help: 'three cases of each dtype, once' },
    all: { help: 'also the cases that are there to be checked, of awkward shapes' },
    json: { help: 'print one JSON document instead of a table' },
    save: { help: 'put what is printed into bench/RESULTS.md' },
  },
);
// The pool is made at the first use of the engine, with as many threads.
if (options.threads !== undefined) process.env.ALBERT_THREADS = `${options.threads}`;
const { info } = await import('../dist/index.mjs');
const { listCases, measureBandwidth, measurePeak, timeCase } = await import('../dist/kernels.mjs');

/** How often a number is taken at most, until other programs leave the processors alone. */
const attempts = options.quick ? 1 : 3;

/** The highest of some measurements: whatever disturbs them makes them lower. */
async function highest(times, measure) {
  const values = [];
  for (let i = 0; i < times; ++i) values.push(await measure());
  return values.reduce((a, b) => (b.rate > a.rate ? b : a));
}

/** Billions of operations a second that the registers can do, and the threads that did them. */
function peakOf(kernels) {
  return highest(3 * attempts, async () => {
    const { gflops, threads } = await measurePeak(kernels);
    return { rate: gflops, threads };
  });
}

/** Bandwidth over working sets of powers of two, each measured once. */
function bandwidths(kernels) {
  const known = new Map();
  const measure = (size) => async () => ({ rate: (await measureBandwidth(size, kernels)).gbytes });
  return async (bytes) => {
    const size = 2 ** Math.round(Math.log2(Math.max(bytes, 4096)));
    if (!known.has(size)) known.set(size, (await highest(attempts, measure(size))).rate);
    return known.get(size);
  };
}

async function timeOne(name, kernels, { peak, bandwidth }) {
  const work = () => timeCase(name, kernels);
  const { result: time, others } = await quietest(process.pid, attempts, work);
  const gbytes = await bandwidth(time.bytes);
  // Billions a second are thousands a microsecond.
  const compute = time.flops / (1e3 * peak);
  const transfer = time.bytes / (1e3 * gbytes);
  const floor_us = Math.max(compute, transfer);
  return {
    name,
    ...kernels,
    ...time,
    others,
    best_peak_share: time.gflops / peak,
    floor_us,
    floor_share: floor_us / time.median_us,
    bound: compute >= transfer ? 'operations' : `${number(gbytes)} GB/s`,
  };
}

/** All cases that compute in a dtype, on one instruction set. */
async function runKernels(kernels, names, printer) {
  const { rate: peak, threads } = await peakOf(kernels);
  const bandwidth = bandwidths(kernels);
  const times = [];
  for (const name of names) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${kernels.dtype} ${name}`);
    times.push(await timeOne(name, kernels, { peak, bandwidth }));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const { isa, dtype } = kernels;
  const summary = `peak ${number(peak)} GFLOP/s on ${threads} threads (products in registers)`;
  printer.print('', `${dtype}, ${isa}: ${summary}`, ...tableOf(times));
  printer.print(...gemmLines(dtype, times), othersLine(times));
  return { isa, dtype, threads, peak_gflops: peak, times };
}

function othersLine(times) {
  const most = Math.max(...times.map(({ others }) => others));
  return `Other programs took at most ${percent(most, 1)} of the processors during a case.`;
}

/** Whether a case is one of a layer's products (H 768, F 3072), with 128 rows or more. */
function isGemm(name) {
  const sizes = /^linear\/rows=(\d+),inputs=(\d+),outputs=(\d+)/.exec(name);
  if (sizes === null) return false;
  const [rows, inputs, outputs] = sizes.slice(1).map(Number);
  return rows >= 128 && [768, 3072].includes(inputs) && [768, 2304, 3072].includes(outputs);
}

function gemmLines(dtype, times) {
  const products = times.filter(({ name }) => isGemm(name));
  if (products.length === 0) return [];
  const wanted = gemmShare[dtype];
  const summary = (shares) =>
    `worst ${percent(Math.min(...shares))}, median ${percent(median(shares))} of peak`;
  const judged = (shares) =>
    `${summary(shares)} (${verdict(`≥ ${percent(wanted)}`, Math.min(...shares) >= wanted)})`;
  const shares = products.map((time) => time.peak_share);
  const calm = products.map((time) => time.calm_peak_share).filter((share) => share > 0);
  return [
    `${dtype} products of a layer (H 768, F 3072, 128 to 4,096 rows): ${judged(shares)}`,
    `While the cores were ours alone (${calm.length} of ${products.length} products): ` +
      (calm.length > 0 ? judged(calm) : 'never long enough'),
    `Their medians, held against the best peak of the whole run: ` +
      summary(products.map((time) => time.best_peak_share)),
  ];
}

function tableOf(times) {
  const shares = [' of peak', ' in turns', ' calm', ' of floor'];
  const titles = ['case', ' median µs', ' GFLOP/s', ...shares, 'floor set by'];
  const rows = times.map((time) => [
    time.name,
    number(time.median_us),
    time.flops > 0 ? number(time.gflops) : '-',
    time.flops > 0 ? percent(time.best_peak_share) : '-',
    time.peak_share > 0 ? percent(time.peak_share) : '-',
    time.calm_peak_share > 0 ? percent(time.calm_peak_share) : '-',
    percent(time.floor_share),
    time.bound,
  ]);
  return table(titles, rows);
}

function computesIn(name, dtype) {
  const [op] = name.split('/');
  const trains = trainingOps.includes(op) || name.includes('/dropout');
  return dtype === 'fp32' || (trains ? dtype === 'bf16' : layerOps.includes(op));
}

async function main() {
  const known = listCases({ timed: !options.all });
  const names = known.filter((name) => name.includes(options.filter));
  if (names.length === 0) throw new RangeError(`no case contains '${options.filter}'`);
  const sets = options.isa?.split(',') ?? [info().cpu.instruction_set];
  const printer = new Printer({ silent: options.json });
  printer.print(...machineLines());
  const results = [];
  for (const isa of sets) {
    for (const dtype of options.dtype) {
      const computed = names.filter((name) => computesIn(name, dtype));
      const chosen = options.quick ? computed.slice(0, 3) : computed;
      if (chosen.length > 0) results.push(await runKernels({ isa, dtype }, chosen, printer));
    }
  }
  if (options.json) console.log(JSON.stringify(results, null, 2));
  if (options.save) printer.save('Kernels', typedCommand('bench'));
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

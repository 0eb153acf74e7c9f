// npm run bench: every kernel case, checked, then timed against the measured peak and its floor.
import { machineLines } from './machine.mjs';
import { positive, readOptions } from './options.mjs';
import { Printer, typedCommand } from './report.mjs';
import { number, percent, table } from './table.mjs';

const options = readOptions(
  'npm run bench --',
  'Times the kernels at the shapes of real models, each after its check against the float64\n' +
    'reference. Floor: the longer of flops / peak and bytes / bandwidth, both measured here,\n' +
    'the bandwidth over a working set as large as the case touches.',
  {
    filter: { value: 'TEXT', fallback: '', help: 'only cases whose name contains TEXT' },
    isa: { value: 'NAMES', help: 'instruction sets, between commas (default: the best)' },
    threads: { value: 'N', read: positive, help: 'threads (default: all processors)' },
    quick: { help: 'the first three cases' },
    all: { help: 'also the cases that are there to be checked, of awkward shapes' },
    json: { help: 'print one JSON document instead of a table' },
    save: { help: 'put what is printed into bench/RESULTS.md' },
  },
);
// The pool is made at the first use of the engine, with as many threads.
if (options.threads !== undefined) process.env.ALBERT_THREADS = `${options.threads}`;
const { info } = await import('../dist/index.mjs');
const { listCases, measureBandwidth, measurePeak, timeCase } = await import('../dist/kernels.mjs');

/** Bandwidth over working sets of powers of two, each measured once. */
function bandwidths(isa) {
  const known = new Map();
  return async (bytes) => {
    const size = 2 ** Math.round(Math.log2(Math.max(bytes, 4096)));
    if (!known.has(size)) known.set(size, (await measureBandwidth(size, { isa })).gbytes);
    return known.get(size);
  };
}

async function timeOne(name, isa, { peak, bandwidth }) {
  const time = await timeCase(name, { isa });
  const gbytes = await bandwidth(time.bytes);
  // Billions a second are thousands a microsecond.
  const compute = time.flops / (1e3 * peak);
  const transfer = time.bytes / (1e3 * gbytes);
  const floor_us = Math.max(compute, transfer);
  return {
    name,
    isa,
    ...time,
    peak_share: time.gflops / peak,
    floor_us,
    floor_share: floor_us / time.median_us,
    bound: compute >= transfer ? 'operations' : `${number(gbytes)} GB/s`,
  };
}

async function runInstructionSet(isa, names, printer) {
  const { gflops: peak, threads } = await measurePeak({ isa });
  const bandwidth = bandwidths(isa);
  const times = [];
  for (const name of names) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}`);
    times.push(await timeOne(name, isa, { peak, bandwidth }));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const summary = `peak ${number(peak)} GFLOP/s on ${threads} threads (multiply-adds in registers)`;
  printer.print('', `${isa}: ${summary}`, ...tableOf(times));
  return { isa, threads, peak_gflops: peak, times };
}

function tableOf(times) {
  const titles = ['case', ' median µs', ' GFLOP/s', ' of peak', ' of floor', 'floor set by'];
  const rows = times.map((time) => [
    time.name,
    number(time.median_us),
    time.flops > 0 ? number(time.gflops) : '-',
    time.flops > 0 ? percent(time.peak_share) : '-',
    percent(time.floor_share),
    time.bound,
  ]);
  return table(titles, rows);
}

async function main() {
  const known = listCases({ timed: !options.all });
  const names = known.filter((name) => name.includes(options.filter));
  if (names.length === 0) throw new RangeError(`no case contains '${options.filter}'`);
  const chosen = options.quick ? names.slice(0, 3) : names;
  const sets = options.isa?.split(',') ?? [info().cpu.instruction_set];
  const printer = new Printer({ silent: options.json });
  printer.print(...machineLines());
  const results = [];
  for (const isa of sets) results.push(await runInstructionSet(isa, chosen, printer));
  if (options.json) console.log(JSON.stringify(results, null, 2));
  if (options.save) printer.save('Kernels', typedCommand('bench'));
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

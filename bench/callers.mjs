// Many callers at once: what they get, and what is left of the event loop.
import { isPython, loadRequest, start } from './contestants.mjs';
import { median } from './statistics.mjs';
import { number, percent, table } from './table.mjs';
import { callers as wanted, verdict } from './wanted.mjs';
import { quickWorkloads, tokenIds, workloads } from './workloads.mjs';

const many = 64;

/**
 * In a process whose libuv has one worker: nobody, then 64 callers between two spans in which one
 * caller has a big batch.
 *
 * @param {import('./field.mjs').Bench} bench
 */
export async function runCallers({ field, options, plan, printer, log }) {
  const results = [];
  for (const dtype of options.dtype) {
    for (const contestant of field.filter((each) => !isPython(each))) {
      if (typeof contestant.variants[dtype] === 'string') continue;
      log(`${dtype} callers of ${contestant.name}`);
      results.push(await callersOf(contestant, dtype, { ...options, seconds: plan.callerSeconds }));
    }
  }
  printer.print(...lines(results, plan.callerSeconds));
  for (const result of results) if (result.ours) printer.print(...verdictLines(result));
  return results;
}

async function callersOf(contestant, dtype, { threads, seconds, quick }) {
  const [variant] = contestant.variants[dtype];
  const { lengths } = (quick ? quickWorkloads : workloads).find(({ name }) => name === 'mixed');
  const rows = tokenIds(lengths);
  const started = start(contestant, { threads, env: { UV_THREADPOOL_SIZE: '1' } });
  const run = async (name, callers) => {
    return (await started.ask({ method: 'callers', name, callers, seconds }))[0];
  };
  try {
    await started.ask(
      loadRequest({ threads, dtype, variant }),
      { method: 'prepare', name: 'single', calls: rows.map((row) => [row]) },
      { method: 'prepare', name: 'batch', calls: [contestant.packs ? rows : rows.slice(0, 1)] },
    );
    const result = { name: contestant.name, ours: contestant.packs, dtype };
    result.idle = await run('single', 0);
    // A padded batch is no measure of throughput: peers have callers alone.
    const before = contestant.packs ? [await run('batch', 1)] : [];
    result.callers = await run('single', many);
    if (contestant.packs) result.batch = middleOf([...before, await run('batch', 1)]);
    return result;
  } finally {
    await started.end();
  }
}

/** The median of each number of several runs. */
function middleOf(runs) {
  const names = Object.keys(runs[0]);
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name]))]));
}

function lines(results, seconds) {
  const rows = results.flatMap((result) => [
    rowOf(`${result.name} ${result.dtype}`, 'nobody', result.idle),
    rowOf('', `${many} callers`, result.callers),
    ...(result.batch ? [rowOf('', 'one caller, all in a batch', result.batch)] : []),
  ]);
  const titles = ['engine', 'load', ' tokens/s', ' delay p50', ' p99', ' max', ' readFile p50'];
  return [
    '',
    `${many} callers with one mixed text each for ${seconds} s, UV_THREADPOOL_SIZE=1: delay of the`,
    'event loop (monitorEventLoopDelay, resolution 1 ms, which it includes), time of fs.readFile',
    ...table([...titles, ' p99', ' max'], rows),
  ];
}

function rowOf(engine, load, seen) {
  const milliseconds = (value) => `${number(value)} ms`;
  const rate = Math.round(seen.tokens_per_second).toLocaleString('en-US');
  const delays = [seen.delay_p50, seen.delay_p99, seen.delay_max].map(milliseconds);
  const reads = [seen.read_p50, seen.read_p99, seen.read_max].map(milliseconds);
  return [engine, load, rate, ...delays, ...reads];
}

function verdictLines({ dtype, idle, callers, batch }) {
  const { delayMilliseconds: most, throughput: least } = wanted;
  const share = callers.tokens_per_second / batch.tokens_per_second;
  return [
    `${dtype}: event loop p99 ${number(callers.delay_p99)} ms, ` +
      verdict(`< ${most} ms`, callers.delay_p99 < most),
    `${dtype}: throughput ${percent(share, 1)} of one caller with a big batch, ` +
      verdict(`≥ ${percent(least)}`, share >= least),
    `${dtype}: fs.readFile p50 ${number(callers.read_p50)} ms, without load ` +
      `${number(idle.read_p50)} ms (wanted: unaffected)`,
  ];
}

// npm run bench:peers: this engine and its peers on the same weights, inputs and threads.
import { contestants, isPython, missing } from './contestants.mjs';
import { callersOf, footprint } from './footprint.mjs';
import { machineLines } from './machine.mjs';
import { ensureModel } from './model.mjs';
import { amount, positive, readOptions, someOf } from './options.mjs';
import { referenceOutputs } from './reference.mjs';
import {
  Printer,
  callersLines,
  companyLines,
  contestLines,
  footprintLines,
  typedCommand,
} from './report.mjs';
import { runScaling } from './scaling.mjs';
import { Entrant, contest, duel } from './trials.mjs';
import { quickWorkloads, workloads } from './workloads.mjs';

const dtypes = ['fp32', 'bf16', 'int8'];
const parts = ['trials', 'company', 'footprint', 'callers'];
const names = (list) => list.map(({ name }) => name);

const options = readOptions(
  'npm run bench:peers --',
  'Compares this engine with its peers; bench/README.md says how to install them. Each\n' +
    'contestant runs alone, in turns, in a process of its own; outputs are compared before timing.',
  {
    quick: { help: 'shows that everything works, in a minute; its numbers mean nothing' },
    threads: { value: 'N', fallback: 2, read: positive, help: 'threads of each engine (2)' },
    workload: {
      value: 'NAMES',
      read: someOf(names(workloads)),
      help: `some of ${names(workloads).join(', ')}`,
    },
    only: {
      value: 'NAMES',
      fallback: names(contestants),
      read: someOf(names(contestants)),
      help: `some of ${names(contestants).join(', ')}`,
    },
    dtype: { value: 'NAMES', fallback: dtypes, read: someOf(dtypes), help: dtypes.join(', ') },
    part: { value: 'NAMES', fallback: parts, read: someOf(parts), help: parts.join(', ') },
    rounds: { value: 'N', fallback: 7, read: positive, help: 'turns of each contestant (7)' },
    seconds: { value: 'S', fallback: 1, read: amount, help: 'length of a turn, at least (1)' },
    scaling: { help: 'tokens/s against tokens in flight and against threads, with a chart' },
    json: { help: 'print one JSON document instead of tables' },
    save: { help: 'put what is printed into bench/RESULTS.md' },
  },
);
const plan = options.quick
  ? { rounds: 2, seconds: 0.01, attempts: 1, starts: 1, callerSeconds: 1 }
  : { ...options, attempts: 3, starts: 5, callerSeconds: 10 };
const printer = new Printer({ silent: options.json });
const log = (text) => console.error(`… ${text}`);

/** The contestants that are asked for and installed. */
function present() {
  return contestants.filter((contestant) => {
    if (!options.only.includes(contestant.name)) return false;
    const reason = missing(contestant);
    if (reason !== undefined) printer.print(`${contestant.name} is left out: ${reason}`);
    return reason === undefined;
  });
}

/** Starts all variants of all contestants that have the dtype, ours first. */
async function enter(dtype, field) {
  const entrants = [];
  for (const contestant of field) {
    const variants = contestant.variants[dtype];
    if (typeof variants === 'string') {
      printer.print(`${contestant.name} has no ${dtype}: ${variants}`);
      continue;
    }
    for (const variant of variants) {
      const entrant = new Entrant(contestant, variant, dtype);
      const loaded = await loadUnlessUnavailable(entrant);
      if (!loaded && contestant.packs) return []; // without ours there is nothing to compare
      if (!loaded) break;
      entrants.push(entrant);
    }
  }
  return entrants;
}

async function loadUnlessUnavailable(entrant) {
  try {
    await entrant.load(options);
    return true;
  } catch (error) {
    await entrant.end();
    if (error.code !== 'ERR_BACKEND') throw error;
    printer.print(`${entrant.name} ${entrant.dtype} is not available: ${error.message}`);
    return false;
  }
}

async function runDtype(dtype, { field, list, references }) {
  const entrants = await enter(dtype, field);
  try {
    if (entrants.length === 0) return [];
    const contests = [];
    for (const workload of list) {
      log(`${dtype} ${workload.title}`);
      contests.push(await contest(entrants, workload, references.get(workload.name), plan));
    }
    printer.print(...contestLines(dtype, contests));
    return contests.flat();
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.end()));
  }
}

async function runTrials(field) {
  const all = options.quick ? quickWorkloads : workloads;
  const list = all.filter(({ name }) => options.workload?.includes(name) ?? true);
  if (list.length === 0) throw new RangeError('--quick runs 1x128 and mixed alone');
  log('reference outputs, held against float64');
  const references = await referenceOutputs(list, options);
  const results = [];
  for (const dtype of options.dtype) {
    results.push(...(await runDtype(dtype, { field, list, references })));
  }
  return results;
}

/** This engine against itself: a mixed batch must not cost more than its texts alone. */
async function runCompany(field) {
  const [workload] = (options.quick ? quickWorkloads : workloads).filter(
    ({ name }) => name === 'mixed',
  );
  const references = await referenceOutputs([workload], options);
  const reference = references.get(workload.name);
  const results = [];
  for (const dtype of options.dtype) {
    log(`${dtype} one call against one at a time`);
    const own = field.filter(({ packs }) => packs);
    const entrants = await enter(dtype, own);
    for (const entrant of entrants) {
      const batchings = ['packed', 'one-at-a-time'];
      const pair = await duel(entrant, workload, { batchings, reference, plan });
      await entrant.end();
      printer.print(...companyLines(dtype, pair));
      results.push(...pair);
    }
  }
  return results;
}

async function runFootprint(field) {
  const results = [];
  const { threads } = options;
  for (const contestant of field) {
    log(`start, memory and size of ${contestant.name}`);
    results.push(await footprint(contestant, { threads, starts: plan.starts }));
    if (!contestant.packs) continue;
    results.push(await footprint(contestant, { threads, starts: plan.starts, texts: true }));
  }
  printer.print(...footprintLines(results));
  return results;
}

async function runCallers(field) {
  const results = [];
  const load = { threads: options.threads, callers: 64, seconds: plan.callerSeconds };
  for (const contestant of field.filter((each) => !isPython(each))) {
    log(`callers of ${contestant.name}`);
    results.push(await callersOf(contestant, load));
  }
  printer.print(...callersLines(results, load));
  return results;
}

async function main() {
  printer.print(...machineLines(), `${options.threads} threads each`);
  if (options.quick) printer.print('--quick: these numbers mean nothing');
  await ensureModel(log);
  const field = present();
  if (options.scaling) return runScaling(field, { ...options, plan, printer, log });
  const runs = {
    trials: runTrials,
    company: runCompany,
    footprint: runFootprint,
    callers: runCallers,
  };
  const results = { machine: machineLines() };
  for (const part of options.part) results[part] = await runs[part](field);
  if (options.save) printer.save('Peers', typedCommand('bench:peers'));
  return results;
}

try {
  const results = await main();
  if (options.json) console.log(JSON.stringify(results, null, 2));
} catch (error) {
  console.error(error.message);
  process.exit(1); // which also ends the contestants that were still there
}

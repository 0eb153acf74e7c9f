// npm run bench:peers: this engine and its peers on the same weights, inputs and threads.
import { runCallers } from './callers.mjs';
import { contestants } from './contestants.mjs';
import { runCompany, runTrials } from './contests.mjs';
import { present } from './field.mjs';
import { runFootprint } from './footprint.mjs';
import { machineLines } from './machine.mjs';
import { ensureModel } from './model.mjs';
import { amount, positive, readOptions, someOf } from './options.mjs';
import { Printer, typedCommand } from './report.mjs';
import { runScaling } from './scaling.mjs';
import { workloads } from './workloads.mjs';

const dtypes = ['fp32', 'bf16', 'int8'];
const names = (list) => list.map(({ name }) => name);

/** What can be run; each has a section of its own in RESULTS.md. */
const parts = {
  trials: { section: 'Against peers', run: runTrials },
  company: { section: 'Mixed batches', run: runCompany },
  footprint: { section: 'Start, memory and size', run: runFootprint },
  callers: { section: 'Many callers', run: runCallers },
  scaling: { section: 'Scaling', run: runScaling },
};
const partNames = Object.keys(parts);

const options = readOptions(
  'npm run bench:peers --',
  'Compares this engine with its peers; bench/README.md says how to install them. Each\n' +
    'contestant runs alone, in turns, in a process of its own; outputs are compared before timing.',
  {
    quick: { help: 'shows that everything works, in minutes; its numbers mean nothing' },
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
    part: {
      value: 'NAMES',
      fallback: partNames,
      read: someOf(partNames),
      help: `some of ${partNames.join(', ')} (default: all)`,
    },
    rounds: { value: 'N', fallback: 5, read: positive, help: 'turns of each contestant (5)' },
    seconds: { value: 'S', fallback: 1, read: amount, help: 'length of a turn, at least (1)' },
    json: { help: 'print one JSON document instead of tables' },
    save: { help: 'put what is printed into bench/RESULTS.md' },
  },
);
const plan = options.quick
  ? { rounds: 2, seconds: 0.01, attempts: 1, starts: 1, callerSeconds: 1 }
  : { ...options, attempts: 3, starts: 7, callerSeconds: 10 };
const log = (text) => console.error(`… ${text}`);

/** Runs one part, and saves what it printed. */
async function runPart({ section, run }) {
  const printer = new Printer({ silent: options.json });
  printer.print(...machineLines(), `${options.threads} threads each`);
  if (options.quick) printer.print('--quick: these numbers mean nothing');
  const field = present(options.only, printer);
  const pictures = [];
  const results = await run({ options, plan, field, printer, log, pictures });
  if (options.save) printer.save(section, typedCommand('bench:peers'), pictures);
  printer.print('');
  return results;
}

try {
  await ensureModel(log);
  const results = { machine: machineLines() };
  for (const part of options.part) results[part] = await runPart(parts[part]);
  if (options.json) console.log(JSON.stringify(results, null, 2));
} catch (error) {
  console.error(error.message);
  process.exit(1); // which also ends the contestants that were still there
}

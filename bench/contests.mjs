// Ours against the peers by workload and dtype, and against itself: the parts trials and company.
import { companyLines, contestLines, ratioLines } from './contest-lines.mjs';
import { enter } from './field.mjs';
import { referenceOutputs } from './reference.mjs';
import { contest, duel } from './trials.mjs';
import { quickWorkloads, workloads } from './workloads.mjs';

/** @param {import('./field.mjs').Bench} bench */
export async function runTrials(bench) {
  const { options, printer, log } = bench;
  const all = options.quick ? quickWorkloads : workloads;
  const list = all.filter(({ name }) => options.workload?.includes(name) ?? true);
  if (list.length === 0) throw new RangeError('--quick runs 1x128 and mixed texts alone');
  log('reference outputs, held against float64');
  const references = await referenceOutputs(list, options);
  const results = [];
  for (const dtype of options.dtype) {
    results.push(...(await runDtype(dtype, bench, { list, references })));
  }
  printer.print(...ratioLines(results));
  return results.flat();
}

/** The contests of one dtype: summaries of the best of each contestant, ours first. */
async function runDtype(dtype, bench, { list, references }) {
  const entrants = await enter(dtype, bench);
  try {
    if (entrants.length === 0) return [];
    const contests = [];
    for (const workload of list) {
      bench.log(`${dtype} ${workload.title}`);
      const reference = references.get(workload.name);
      contests.push(await contest(entrants, workload, reference, bench.plan));
    }
    bench.printer.print(...contestLines(dtype, contests));
    return contests;
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.end()));
  }
}

/**
 * A mixed batch must not cost more than its texts alone.
 *
 * @param {import('./field.mjs').Bench} bench
 */
export async function runCompany(bench) {
  const { options, plan, printer, log } = bench;
  const known = options.quick ? quickWorkloads : workloads;
  const workload = known.find(({ name }) => name === 'mixed');
  const reference = (await referenceOutputs([workload], options)).get(workload.name);
  const field = bench.field.filter(({ packs }) => packs);
  const batchings = ['packed', 'one-at-a-time'];
  const results = [];
  for (const dtype of options.dtype) {
    log(`${dtype} one call against one at a time`);
    for (const entrant of await enter(dtype, { ...bench, field })) {
      const pair = await duel(entrant, workload, { batchings, reference, plan });
      await entrant.end();
      printer.print(...companyLines(dtype, pair));
      results.push(...pair);
    }
  }
  return results;
}

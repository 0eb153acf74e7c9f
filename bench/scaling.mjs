// Throughput against tokens in flight and against threads, as a table and a chart.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chart } from './chart.mjs';
import { benchFolder, workFolder } from './contestants.mjs';
import { referenceOutputs } from './reference.mjs';
import { typedCommand } from './report.mjs';
import { table } from './table.mjs';
import { Entrant, contest } from './trials.mjs';

/** One call of so many tokens: rows of 128, or a single shorter one. */
function inFlight(tokens) {
  const lengths = tokens < 128 ? [tokens] : Array(tokens / 128).fill(128);
  return { name: `${tokens}`, title: `${tokens} tokens`, lengths, batchings: ['together'] };
}

const powersOfTwo = (low, high) => {
  const list = [];
  for (let value = low; value <= high; value *= 2) list.push(value);
  return list;
};

/** 1, 2, 4 … and all processors. */
function threadCounts() {
  const all = os.availableParallelism();
  return [...new Set([...powersOfTwo(1, all), all])];
}

/** Runs both series, prints their tables, and draws them. */
export async function runScaling(field, { threads, quick, save, plan, printer, log }) {
  const workloads = powersOfTwo(quick ? 64 : 16, quick ? 256 : 16384).map(inFlight);
  const context = { field, plan: { ...plan, rounds: Math.min(plan.rounds, 3) }, log };
  const byTokens = await series(workloads, threads, context);
  const byThreads = [];
  for (const count of threadCounts()) {
    const [result] = await series([inFlight(quick ? 128 : 1024)], count, context);
    byThreads.push({ ...result, x: count });
  }
  printer.print('', 'fp32 tokens/s against tokens in flight', ...lines('tokens', byTokens));
  printer.print('', 'fp32 tokens/s against threads', ...lines('threads', byThreads));
  const picture = chart('tokens/s, ALBERT-base, fp32', [
    { title: `tokens in flight, ${threads} threads`, points: byTokens },
    { title: 'threads', points: byThreads },
  ]);
  writeFileSync(path.join(save ? benchFolder : workFolder, 'scaling.svg'), picture);
  if (save) printer.save('Scaling', typedCommand('bench:peers'), 'scaling.svg');
  return { byTokens, byThreads };
}

/** For each workload: its tokens, and tokens/s of each contestant. */
async function series(workloads, threads, { field, plan, log }) {
  const references = await referenceOutputs(workloads, { threads });
  const entrants = field.flatMap((contestant) => {
    return contestant.variants.fp32.map((variant) => new Entrant(contestant, variant, 'fp32'));
  });
  try {
    for (const entrant of entrants) await entrant.load({ threads });
    const points = [];
    for (const workload of workloads) {
      log(`${workload.title}, ${threads} threads`);
      const results = await contest(entrants, workload, references.get(workload.name), plan);
      const rates = results.map(({ name, tokens_per_second }) => [name, tokens_per_second]);
      points.push({ x: Number(workload.name), rates: Object.fromEntries(rates) });
    }
    return points;
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.end()));
  }
}

function lines(title, points) {
  const names = Object.keys(points[0].rates);
  const rows = points.map(({ x, rates }) => [
    x.toLocaleString('en-US'),
    ...names.map((name) => Math.round(rates[name]).toLocaleString('en-US')),
  ]);
  return table([` ${title}`, ...names.map((name) => ` ${name}`)], rows);
}

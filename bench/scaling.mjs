// Throughput against tokens in flight and against threads, as tables and charts.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chart } from './chart.mjs';
import { benchFolder, workFolder } from './contestants.mjs';
import { enter } from './field.mjs';
import { referenceOutputs } from './reference.mjs';
import { percent, table } from './table.mjs';
import { contest, ratio, relay } from './trials.mjs';
import { linearity, verdict } from './wanted.mjs';

/** Tokens of one call. Peers take part up to where the linearity of ours begins. */
const inFlight = { full: [128, 512, 1024, 4096, 16384], quick: [128, 256, 512] };
const mostForPeers = 4096;

/** What the series over threads runs. */
const threadTokens = { full: 1024, quick: 128 };

/** One call of so many tokens, in rows of 128. */
function callOf(tokens) {
  const lengths = Array(tokens / 128).fill(128);
  return { name: `${tokens}`, title: `${tokens} tokens`, lengths, batchings: ['together'] };
}

/** 1, 2, 4 … and all processors. */
function threadCounts() {
  const all = os.availableParallelism();
  const counts = [];
  for (let count = 1; count < all; count *= 2) counts.push(count);
  return [...counts, all];
}

/**
 * Runs both series in every dtype, prints their tables, and draws them.
 *
 * @param {import('./field.mjs').Bench & { pictures: string[] }} bench
 */
export async function runScaling(bench) {
  const { options, plan } = bench;
  const size = options.quick ? 'quick' : 'full';
  const list = inFlight[size].map(callOf);
  const short = [callOf(threadTokens[size])];
  const references = await referenceOutputs(list, options);
  const context = { ...bench, references, plan: { ...plan, rounds: Math.min(plan.rounds, 3) } };
  const results = {};
  for (const dtype of options.dtype) {
    const byTokens = await series(dtype, list, context);
    if (byTokens.length === 0) continue;
    const byThreads = [];
    for (const threads of threadCounts()) {
      const options = { ...bench.options, threads };
      const [{ rates }] = await series(dtype, short, { ...context, options });
      byThreads.push({ x: threads, rates });
    }
    const linear = await linearityOf(dtype, list, { ...bench, references });
    results[dtype] = { byTokens, byThreads, linear };
    tell(dtype, results[dtype], bench);
  }
  return results;
}

/** For each workload: its tokens, and tokens/s of each contestant; empty where ours cannot. */
async function series(dtype, workloads, bench) {
  const entrants = await enter(dtype, bench);
  if (entrants.length === 0) return [];
  try {
    const points = [];
    for (const workload of workloads) {
      bench.log(`${dtype} ${workload.title}, ${bench.options.threads} threads`);
      const x = Number(workload.name);
      const able = entrants.filter(({ contestant }) => contestant.packs || x <= mostForPeers);
      const reference = bench.references.get(workload.name);
      const results = await contest(able, workload, reference, bench.plan);
      const rates = results.map(({ name, tokens_per_second }) => [name, tokens_per_second]);
      points.push({ x, rates: Object.fromEntries(rates) });
    }
    return points;
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.end()));
  }
}

/** The rate of the longest call in shares of the one before it, both in turns. */
async function linearityOf(dtype, list, bench) {
  const field = bench.field.filter(({ packs }) => packs);
  const [entrant] = await enter(dtype, { ...bench, field });
  try {
    bench.log(`${dtype} linearity`);
    const calls = list.slice(-2);
    const [before, last] = await relay(entrant, calls, bench);
    const [fewer, more] = calls.map(({ name }) => Number(name));
    return { fewer, more, share: ratio(last, before).ratio * (more / fewer) };
  } finally {
    await entrant.end();
  }
}

/** Prints, and draws: beside RESULTS.md where that is written, too. */
function tell(dtype, { byTokens, byThreads, linear }, { options, printer, pictures }) {
  const { threads, save } = options;
  printer.print('', `${dtype} tokens/s against tokens in flight`, ...lines('tokens', byTokens));
  printer.print(linearityLine(dtype, linear));
  printer.print('', `${dtype} tokens/s against threads`, ...lines('threads', byThreads));
  const file = `scaling-${dtype}.svg`;
  const panels = [
    { title: `tokens in flight, ${threads} threads`, points: byTokens },
    { title: 'threads', points: byThreads },
  ];
  const folder = save ? benchFolder : workFolder;
  writeFileSync(path.join(folder, file), chart(`tokens/s, ALBERT-base, ${dtype}`, panels));
  pictures.push(file);
}

function lines(title, points) {
  const names = Object.keys(points[0].rates);
  const cell = (rate) => (rate === undefined ? '-' : Math.round(rate).toLocaleString('en-US'));
  const rows = points.map(({ x, rates }) => [
    x.toLocaleString('en-US'),
    ...names.map((name) => cell(rates[name])),
  ]);
  return table([` ${title}`, ...names.map((name) => ` ${name}`)], rows);
}

/** Whether the cost grows no faster than the tokens do. */
function linearityLine(dtype, { fewer, more, share }) {
  const [small, large] = [fewer, more].map((tokens) => tokens.toLocaleString('en-US'));
  const judged = verdict(`≥ ${percent(linearity)}`, share >= linearity);
  const found = `${large} tokens run at ${percent(share, 1)} of the rate of ${small}, in turns`;
  return `${dtype}: ${found}; ${judged}`;
}

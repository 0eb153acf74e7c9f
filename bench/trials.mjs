// The timing core: each contestant alone in its process, in turns A B A B.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { compare, inOrder } from './compare.mjs';
import { describe, loadRequest, start, workFolder } from './contestants.mjs';
import { quietest } from './machine.mjs';
import { median, quantile } from './statistics.mjs';
import { cut, tokenIds, tokensOf } from './workloads.mjs';

/** What a process calls a workload; texts that several workloads share are handed over once. */
const nameOf = ({ name, texts = name }, batching) => `${texts}/${batching}`;

/** A variant of a contestant, loaded in a process of its own. */
export class Entrant {
  #process;
  #heats = new Map();

  constructor(contestant, variant, dtype) {
    this.contestant = contestant;
    this.name = contestant.name;
    this.variant = describe(variant);
    this.dtype = dtype;
    this.request = variant;
  }

  /** Starts and loads; rejects with code ERR_BACKEND where it lacks the dtype. */
  async load({ threads }) {
    this.#process = start(this.contestant, { threads });
    const { dtype, request: variant } = this;
    const [{ note }] = await this.#process.ask(loadRequest({ threads, dtype, variant }));
    this.note = note; // what it says about itself, such as another arithmetic
  }

  /** Milliseconds of one call of 128 tokens: the best of a few. */
  async probe() {
    const name = 'probe';
    const once = { method: 'once', name };
    await this.#process.ask({ method: 'prepare', name, calls: [tokenIds([128])] }, once);
    const times = [];
    for (let i = 0; i < 3; ++i) {
      const begin = performance.now();
      await this.#process.ask(once);
      times.push(performance.now() - begin);
    }
    return Math.min(...times);
  }

  /** Compares the outputs, then takes the time: the best one, since disturbances only add. */
  async heat(workload, batching, { reference, plan }) {
    const key = nameOf(workload, batching);
    if (!this.#heats.has(key)) {
      const who = `${this.name} ${this.variant} ${this.dtype}, ${key}`;
      const outputs = await this.outputs(workload, batching);
      const error = compare(outputs, reference, this.dtype, who);
      const half = { ...plan, seconds: plan.seconds / 2 };
      const { milliseconds } = await this.turn(workload, batching, half);
      this.#heats.set(key, { error, milliseconds: Math.min(...milliseconds) });
    }
    return { entrant: this, workload, batching, ...this.#heats.get(key), turns: [] };
  }

  /** Hands over a workload in one batching, and returns what comes out of it. */
  async outputs(workload, batching) {
    const rows = tokenIds(workload.lengths);
    const calls = cut(workload.lengths, batching);
    const name = nameOf(workload, batching);
    const file = path.join(workFolder, `outputs-${this.#process.pid}.bin`);
    await this.#process.ask(
      { method: 'prepare', name, calls: calls.map((call) => call.map((index) => rows[index])) },
      { method: 'outputs', name, file },
    );
    const bytes = await readFile(file);
    await rm(file);
    return inOrder(bytes, calls.flat(), workload.lengths);
  }

  /** One turn: milliseconds of each run, and how much others disturbed it. */
  async turn(workload, batching, { seconds, attempts }) {
    const request = { method: 'time', name: nameOf(workload, batching), seconds };
    const { result, others } = await quietest(this.#process.pid, attempts, async () => {
      const [answer] = await this.#process.ask(request);
      return answer.milliseconds;
    });
    return { milliseconds: result, others };
  }

  async end() {
    await this.#process?.end();
  }
}

/**
 * Finds each contestant's best variant and batching for a workload, then lets the best ones run in
 * turns.
 *
 * @param {Entrant[]} entrants loaded
 * @param {import('./workloads.mjs').Workload} workload
 * @param {import('./compare.mjs').Outputs} reference
 * @param {{ rounds: number, seconds: number, attempts: number }} plan
 */
export async function contest(entrants, workload, reference, plan) {
  const heats = [];
  for (const entrant of entrants) {
    for (const batching of workload.batchings) {
      if (batching === 'packed' && !entrant.contestant.packs) continue;
      heats.push(await entrant.heat(workload, batching, { reference, plan }));
    }
  }
  return inTurns(bestOfEach(heats), plan);
}

/** Two ways of this engine against each other, compared with the reference first. */
export async function duel(entrant, workload, { batchings, reference, plan }) {
  const finalists = [];
  for (const batching of batchings) {
    finalists.push(await entrant.heat(workload, batching, { reference, plan }));
  }
  return inTurns(finalists, plan);
}

/** Several workloads of this engine in turns, each in its first batching. */
export async function relay(entrant, workloads, { references, plan }) {
  const finalists = [];
  for (const workload of workloads) {
    const reference = references.get(workload.name);
    finalists.push(await entrant.heat(workload, workload.batchings[0], { reference, plan }));
  }
  return inTurns(finalists, plan);
}

/** Lets heats' winners run in turns, and sums each up. */
async function inTurns(finalists, plan) {
  for (let round = 0; round < plan.rounds; ++round) {
    // Each round starts with another one, so that nobody always follows the same neighbour.
    const order = [...finalists.slice(round % finalists.length), ...finalists];
    for (const finalist of order.slice(0, finalists.length)) {
      const { entrant, workload, batching, turns } = finalist;
      turns.push(await entrant.turn(workload, batching, plan));
    }
  }
  return finalists.map(summary);
}

function bestOfEach(heats) {
  const best = new Map();
  for (const each of heats) {
    const { name } = each.entrant;
    if (!(best.get(name)?.milliseconds <= each.milliseconds)) best.set(name, each);
  }
  return [...best.values()];
}

function summary({ entrant, workload, batching, error, turns }) {
  const all = turns.flatMap(({ milliseconds }) => milliseconds);
  const middle = median(all);
  return {
    name: entrant.name,
    variant: entrant.variant,
    note: entrant.note,
    dtype: entrant.dtype,
    workload: workload.name,
    title: workload.title,
    batching,
    error,
    milliseconds: middle,
    spread: (quantile(all, 0.9) - quantile(all, 0.1)) / middle,
    tokens_per_second: (1000 * tokensOf(workload.lengths)) / middle,
    rounds: turns.map(({ milliseconds }) => median(milliseconds)),
    others: Math.max(...turns.map(({ others }) => others)),
  };
}

/** Ours against the best of the others. */
export function bestRatio(ours, others) {
  const best = others.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  return { against: best.name, ...ratio(ours, best) };
}

/** How many times faster ours is: the ratio of the medians, and the extremes of one round. */
export function ratio(ours, other) {
  const rounds = ours.rounds.map((milliseconds, round) => other.rounds[round] / milliseconds);
  return {
    ratio: other.milliseconds / ours.milliseconds,
    lowest: Math.min(...rounds),
    highest: Math.max(...rounds),
  };
}

// What every Node contestant does the same: answers JSON lines, and times its engine's calls.
import { readFile, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Engine
 * @property {(request: object) => Promise<object>} load
 * @property {(rows: number[][]) => object} prepare what one call needs, made before the clock runs
 * @property {(call: object) => Promise<Output>} run
 *
 * @typedef {object} Output of one call of B texts, the longest of S tokens
 * @property {Float32Array} hidden (B, S, H)
 * @property {Float32Array} pooled (B, H)
 */

/** Answers what the bench asks of an engine. */
export const serve = (engine) => answer(new Host(engine));

/** Answers one request after the other, each by the host's method, until the input ends. */
export async function answer(host) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, ...request } = JSON.parse(line);
    let reply;
    try {
      reply = { id, result: (await host[method](request)) ?? {} };
    } catch (error) {
      reply = { id, error: { message: error.message, code: error.code } };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

/** The methods that requests name. */
class Host {
  #engine;
  #workloads = new Map();

  constructor(engine) {
    this.#engine = engine;
  }

  async load(request) {
    return this.#engine.load(request);
  }

  /** calls: lists of rows of token ids. */
  async prepare({ name, calls }) {
    const prepared = calls.map((rows) => ({
      lengths: rows.map((row) => row.length),
      input: this.#engine.prepare(rows),
    }));
    this.#workloads.set(name, prepared);
  }

  /** Runs the first call once: the first result, or a warm-up. */
  async once({ name }) {
    await this.#engine.run(this.#workloads.get(name)[0].input);
  }

  /** Runs once and writes what came out, real positions alone: hidden states, then pooled. */
  async outputs({ name, file }) {
    const hidden = [];
    const pooled = [];
    for (const { lengths, input } of this.#workloads.get(name)) {
      const output = await this.#engine.run(input);
      hidden.push(...realRows(output, lengths));
      pooled.push(output.pooled);
    }
    await writeFile(file, Buffer.concat([...hidden, ...pooled].map(bytesOf)));
  }

  /** Runs the workload for some seconds, at least once; milliseconds of each time. */
  async time({ name, seconds }) {
    const calls = this.#workloads.get(name);
    await this.once({ name });
    const milliseconds = [];
    const end = performance.now() + 1000 * seconds;
    do {
      const begin = performance.now();
      for (const { input } of calls) await this.#engine.run(input);
      milliseconds.push(performance.now() - begin);
    } while (performance.now() < end);
    return { milliseconds };
  }

  /** Many callers at once, each with one call after the other, and how the event loop fares. */
  async callers({ name, callers, seconds }) {
    const calls = this.#workloads.get(name);
    await this.once({ name });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const begin = performance.now();
    const end = begin + 1000 * seconds;
    let next = 0;
    let tokens = 0;
    const caller = async () => {
      while (performance.now() < end) {
        const { input, lengths } = calls[next++ % calls.length];
        await this.#engine.run(input);
        tokens += lengths.reduce((sum, length) => sum + length, 0);
      }
    };
    delay.enable();
    const [reads] = await Promise.all([
      timeReads(end),
      ...Array.from({ length: callers }, caller),
    ]);
    delay.disable();
    return {
      tokens_per_second: (1000 * tokens) / (performance.now() - begin),
      ...delaysOf(delay),
      ...reads,
    };
  }
}

/** Milliseconds of reading a small file again and again. */
async function timeReads(end) {
  const file = fileURLToPath(import.meta.url);
  const durations = [];
  do {
    const begin = performance.now();
    await readFile(file);
    durations.push(performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (performance.now() < end);
  const sorted = durations.sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  return { read_p50: at(0.5), read_p99: at(0.99), read_max: at(1) };
}

/** Milliseconds. */
function delaysOf(delay) {
  return {
    delay_p50: delay.percentile(50) / 1e6,
    delay_p99: delay.percentile(99) / 1e6,
    delay_max: delay.max / 1e6,
  };
}

/** The rows of hidden states that belong to tokens. */
function realRows({ hidden }, lengths) {
  const stride = hidden.length / lengths.length;
  const width = stride / Math.max(...lengths);
  return lengths.map((length, row) => {
    return hidden.subarray(row * stride, row * stride + length * width);
  });
}

function bytesOf(floats) {
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Rows as one padded matrix: what engines without packing take. */
export function padded(rows) {
  const width = Math.max(...rows.map((row) => row.length));
  const dims = [rows.length, width];
  const ids = new BigInt64Array(rows.length * width);
  const mask = new BigInt64Array(ids.length);
  for (const [r, row] of rows.entries()) {
    ids.set(row.map(BigInt), r * width);
    mask.fill(1n, r * width, r * width + row.length);
  }
  return { dims, ids, mask, segments: new BigInt64Array(ids.length) };
}

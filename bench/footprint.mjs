// What an engine costs besides time: its start, memory, disk, and the event loop.
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { benchFolder, isPython, loadRequest, python, start } from './contestants.mjs';
import { median } from './trials.mjs';
import { tokenIds, workloads } from './workloads.mjs';

const root = path.join(benchFolder, '..');

/** More than 128 tokens of text, of which the tokenizer keeps 128. */
const longText = 'The plot is thin, but the actors carry it with charm and wit. '.repeat(12);

/** How a contestant is started: what it loads, and what it computes first. */
function firstCall(contestant, { threads, texts }) {
  const [variant] = contestant.variants.fp32;
  const load = loadRequest({ threads, dtype: 'fp32', variant });
  if (texts) load.tokenizer = path.join(root, 'models/sst2-mini/spiece.model');
  const calls = [texts ? [longText] : tokenIds([128])];
  const run = [
    { method: 'prepare', name: 'first', calls },
    { method: 'once', name: 'first' },
  ];
  return { load, run };
}

/**
 * Start, memory and disk of a contestant; with `texts`, from text instead of token ids.
 *
 * @param {object} options threads, and how many starts are timed after one that is not
 */
export async function footprint(contestant, { threads, starts, texts = false }) {
  const first = firstCall(contestant, { threads, texts });
  const times = [];
  for (let i = 0; i <= starts; ++i) times.push(await timeStart(contestant, first, threads));
  return {
    name: texts ? `${contestant.name}, from text` : contestant.name,
    first_milliseconds: median(times.slice(1)),
    ...(await memoryOf(contestant, first, threads)),
    ...(await installedSize(contestant)),
  };
}

/** Milliseconds from the start of a process to its first result. */
async function timeStart(contestant, { load, run }, threads) {
  const begin = performance.now();
  return withProcess(contestant, { threads }, async (started) => {
    await started.ask(load, ...run);
    return performance.now() - begin;
  });
}

async function memoryOf(contestant, { load, run }, threads) {
  return withProcess(contestant, { threads }, async (started) => {
    await started.ask(load);
    const { resident: loaded } = started.memory();
    await started.ask(...run);
    return { loaded, ...started.memory() };
  });
}

/** Starts a contestant for some work, and ends it in any case. */
async function withProcess(contestant, options, work) {
  const started = start(contestant, options);
  try {
    return await work(started);
  } finally {
    await started.end();
  }
}

/** Many callers at once, one text each, in a process whose libuv has one worker. */
export async function callersOf(contestant, { threads, callers, seconds }) {
  const [variant] = contestant.variants.fp32;
  const { lengths } = workloads.find(({ name }) => name === 'mixed');
  const calls = tokenIds(lengths).map((row) => [row]);
  const options = { threads, env: { UV_THREADPOOL_SIZE: '1' } };
  return withProcess(contestant, options, async (started) => {
    await started.ask(loadRequest({ threads, dtype: 'fp32', variant }));
    const name = 'callers';
    const run = { method: 'callers', name, callers, seconds };
    const [, result] = await started.ask({ method: 'prepare', name, calls }, run);
    return { name: contestant.name, ...result };
  });
}

/** Bytes on disk of the packages alone, and with everything they depend on. */
async function installedSize(contestant) {
  if (contestant.packs) return ownSize();
  if (!isPython(contestant)) return packagesSize(benchFolder, contestant.packages);
  const words = [path.join(benchFolder, 'installed_size.py'), ...contestant.packages];
  const { stdout } = await promisify(execFile)(python, words);
  return JSON.parse(stdout);
}

/** This package as it is published, with the binary that its install step makes. */
function ownSize() {
  const { files, dependencies } = readJson(path.join(root, 'package.json'));
  const published = [...files, 'package.json', 'README.md', 'LICENSE', 'build/Release'];
  const own_bytes = sum(published.map((file) => sizeOf(path.join(root, file))));
  const { all_bytes } = packagesSize(root, Object.keys(dependencies));
  return { own_bytes, all_bytes: own_bytes + all_bytes };
}

/** Packages in a folder's node_modules, by the dependencies that its lock file lists. */
function packagesSize(folder, names) {
  const { packages } = readJson(path.join(folder, 'package-lock.json'));
  const found = new Set();
  const visit = (name, parent) => {
    const place = resolve(packages, name, parent);
    if (place === undefined || found.has(place) || !existsSync(path.join(folder, place))) return;
    found.add(place);
    const { dependencies, optionalDependencies } = packages[place];
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(next, place);
    }
  };
  names.forEach((name) => visit(name, ''));
  const size = (place) => sizeOf(path.join(folder, place));
  return {
    own_bytes: sum(names.map((name) => size(`node_modules/${name}`))),
    all_bytes: sum([...found].map(size)),
  };
}

/** Where Node.js would find a package, from the package at `parent`. */
function resolve(packages, name, parent) {
  const place = parent === '' ? `node_modules/${name}` : `${parent}/node_modules/${name}`;
  if (place in packages) return place;
  if (parent === '') return undefined;
  const end = parent.lastIndexOf('/node_modules/');
  return resolve(packages, name, end < 0 ? '' : parent.slice(0, end));
}

/** Bytes of a file or folder; packages nested in a package are counted on their own. */
function sizeOf(file) {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return status.size;
  const inside = readdirSync(file).filter((name) => name !== 'node_modules');
  return sum(inside.map((name) => sizeOf(path.join(file, name))));
}

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

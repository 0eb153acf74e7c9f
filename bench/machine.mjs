// What the numbers were measured on, and how much of it others used meanwhile.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { info } from '../dist/index.mjs';

/** Lines that say where, when and with what. */
export function machineLines() {
  const { version, node, cpu } = info();
  const features = `${cpu.features.join(' ')}, kernels ${cpu.instruction_set}`;
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  return [
    `albert-native ${version}, Node.js ${node}, ${os.type()} ${os.release()}`,
    `${cpu.brand}, ${os.availableParallelism()} processors (${features}), ${memory}`,
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, load before ${loadBefore}`,
  ];
}

const loadBefore = os.loadavg()[0].toFixed(2);

/** Ticks (1/100 s) that all processors have worked, in anything and for anybody. */
function busyTicks() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** Ticks that one process has worked. */
function ticksOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** A run in which others took more than this share of the processors is repeated. */
const tolerated = 0.05;

/** Runs work of one process until others leave it alone, a few times at most: the quietest run. */
export async function quietest(pid, attempts, work) {
  let best;
  for (let i = 0; i < attempts && !(best?.others <= tolerated); ++i) {
    const run = await watchOthers(pid, work);
    if (best === undefined || run.others < best.others) best = run;
  }
  return best;
}

/** Runs work of one process; the share of all processors that others took meanwhile. */
export async function watchOthers(pid, work) {
  const begin = performance.now();
  const [all, own] = [busyTicks(), ticksOf(pid)];
  const result = await work();
  const ticks = ((performance.now() - begin) / 10) * os.cpus().length;
  const foreign = busyTicks() - all - (ticksOf(pid) - own);
  return { result, others: Math.min(Math.max(foreign / ticks, 0), 1) };
}

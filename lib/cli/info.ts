// albert info: what the engine found on this machine.
import { info } from '../info.js';
import type { NativeBackendInfo } from '../native.js';
import { table } from './format.js';

/** Prints what `info()` tells, as aligned lines or as one line of JSON. */
export async function printInfo(options: { json?: boolean }): Promise<void> {
  const found = info();
  if (options.json) {
    process.stdout.write(`${JSON.stringify(found)}\n`);
    return;
  }
  const { cpu, threads, backends } = found;
  const rows = [
    ['version', `albert-native ${found.version}, Node.js ${found.node}, ${found.platform}`],
    ['compiler', found.compiler],
    ['processor', cpu.brand],
    [
      'instructions',
      `${cpu.instruction_set} (this machine runs ${cpu.instruction_sets.join(', ')})`,
    ],
    ['threads', `${threads.count} (${threads.reason})`],
    ...backends.flatMap(backendRows),
  ];
  process.stdout.write(table(rows));
}

/** A line for each dtype of a device, or one with the reason why it has none. */
function backendRows({ name, available, reason, dtypes, arithmetic }: NativeBackendInfo) {
  if (!available) return [[name, `not available: ${reason}`]];
  const rows = dtypes.map((dtype, i) => [i === 0 ? name : '', `${dtype}: ${arithmetic[dtype]}`]);
  return name === 'cuda' ? [...rows, ['', reason]] : rows;
}

// albert info: what the engine found on this machine.
import { info } from '../info.js';
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
    ...backends.map(({ name, available, reason, dtypes }) => {
      const state = available ? dtypes.join(', ') : `not available: ${reason}`;
      return [name, state];
    }),
  ];
  process.stdout.write(table(rows));
}

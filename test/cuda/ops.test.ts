// Op cases on the emulated device, plain, small ones and such as reach the kernels of large ones:
// each runs on three streams, which differ in the order of threads. All sizes: all-ops.emulated.ts.
import t from 'tap';
import { checkOps, needEmulator } from '../support/cuda';
import { dtypes, judgeOps, largerCases } from '../support/op-reports';

needEmulator(t);
t.setTimeout(600_000);

t.test('small cases of every op, forward and backward', async (t) => {
  judgeOps(t, await checkOps('', '--small'), dtypes);
});

for (const filter of largerCases) {
  t.test(filter, async (t) => judgeOps(t, await checkOps('', '--filter', filter)));
}

t.test('dropout keeps what the CPU keeps, to the bit', async (t) => {
  // Both are held against one reference, within far less than a kept 1 is from a dropped one.
  const { ops } = await checkOps('', '--filter', 'probability=0.10,ones');
  const cpu = await checkOps('', '--filter', 'probability=0.10,ones', '--device', 'cpu');
  for (const { op, dtype, cases, failed } of [...ops, ...cpu.ops]) {
    t.same([op, cases, failed], ['dropout', 1, 0], dtype);
  }
  t.ok(ops.length === 3 && cpu.ops.length > 0, `${ops.length} on the device`);
});

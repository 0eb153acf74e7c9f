// Every op case on the emulated device, plain, in float32 and 8 bits: each runs on three streams,
// which differ in the order of threads, and must give the same bits. ops-narrow.test.ts has the
// other half, so that they run side by side.
import t from 'tap';
import { checkOps, needEmulator } from '../support/cuda';
import { judgeOps } from '../support/op-reports';

needEmulator(t);
t.setTimeout(1_200_000);

for (const dtype of ['fp32', 'int8'] as const) {
  t.test(dtype, async (t) => judgeOps(t, await checkOps('', '--dtype', dtype), [dtype]));
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

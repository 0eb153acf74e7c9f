// Small op cases on the emulated device under AddressSanitizer with UBSan, and ThreadSanitizer, and
// such as reach the kernels of large ones. That bits repeat is for ops-*.test.ts.
import t from 'tap';
import { checkOps, needEmulator } from '../support/cuda';
import { judgeOps, largerCases } from '../support/op-reports';

needEmulator(t);
t.setTimeout(600_000);

for (const sanitizer of ['_address', '_thread'] as const) {
  for (const dtype of ['fp32', 'bf16'] as const) {
    t.test(`small cases, ${sanitizer.slice(1)}, ${dtype}`, async (t) => {
      judgeOps(t, await checkOps(sanitizer, '--dtype', dtype, '--small', '--once'), [dtype]);
    });
  }
  for (const filter of largerCases) {
    t.test(`${filter}, ${sanitizer.slice(1)}`, async (t) => {
      judgeOps(t, await checkOps(sanitizer, '--dtype', 'bf16', '--filter', filter, '--once'));
    });
  }
}

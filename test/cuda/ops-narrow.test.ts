// Every op case on the emulated device, plain, in bfloat16 and halves: see ops-float32.test.ts.
import t from 'tap';
import { checkOps, needEmulator } from '../support/cuda';
import { judgeOps } from '../support/op-reports';

needEmulator(t);
t.setTimeout(1_200_000);

for (const dtype of ['bf16', 'fp16'] as const) {
  t.test(dtype, async (t) => judgeOps(t, await checkOps('', '--dtype', dtype), [dtype]));
}

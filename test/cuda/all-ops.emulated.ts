// Every op case on the emulated device, of any size, plain: npm run test:cuda, in many minutes.
import t from 'tap';
import { checkOps, needEmulator } from '../support/cuda';
import { judgeOps } from '../support/op-reports';

needEmulator(t);
t.setTimeout(7_200_000);

for (const dtype of ['fp32', 'bf16', 'fp16', 'int8'] as const) {
  t.test(dtype, async (t) => judgeOps(t, await checkOps('', '--dtype', dtype), [dtype]));
}

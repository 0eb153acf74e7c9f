// Every op case on the emulated device: plain in three orders of threads, and under sanitizers.
import t, { type Test } from 'tap';
import { checkOps, type OpsReport } from '../support/cuda';

t.setTimeout(900_000);

/** What layers and their training are made of; every other op computes in float32 alone. */
const layerOps = ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert'];
const trainedOps = [...layerOps, 'embedding', 'dropout'];
const backwardOps = layerOps.slice(0, 4).map((op) => `${op}_backward`);
const headOps = ['activation', 'softmax', 'weighted_sum', 'cross_entropy', 'binary_cross_entropy'];
const masterOps = [...headOps, 'squared_error', 'embedding'].map((op) => `${op}_backward`);
const optimizerOps = ['square_sum', 'adamw', 'lamb'];
const wanted: Record<string, string[]> = {
  fp32: [...trainedOps, ...backwardOps, ...headOps, ...masterOps, ...optimizerOps],
  bf16: [...trainedOps, ...backwardOps],
  fp16: [...trainedOps, ...backwardOps],
  int8: layerOps,
};

function judge(t: Test, { ops, failures, passed }: OpsReport): void {
  for (const { op, dtype, cases, failed, worst_share_of_tolerance } of ops) {
    const share = `${Math.round(100 * worst_share_of_tolerance)} % of the tolerance`;
    t.ok(failed === 0 && cases > 0, `${op}, ${dtype}: ${cases} cases, at most ${share}`);
  }
  t.same(failures, [], 'no failures');
  t.ok(passed > 0);
}

t.test('plain: each case on three streams, which differ in the order of threads', async (t) => {
  const report = await checkOps('');
  judge(t, report);
  for (const [dtype, names] of Object.entries(wanted)) {
    const seen = report.ops.filter((row) => row.dtype === dtype).map(({ op }) => op);
    t.same(names.filter((name) => !seen.includes(name)), [], `${dtype}: all have cases`);
  }
});

t.test('AddressSanitizer and UBSan', async (t) => {
  for (const dtype of ['fp32', 'bf16']) judge(t, await checkOps('_address', '--dtype', dtype));
});

t.test('ThreadSanitizer, small shapes', async (t) => {
  for (const dtype of ['fp32', 'bf16']) {
    judge(t, await checkOps('_thread', '--dtype', dtype, '--small'));
  }
});

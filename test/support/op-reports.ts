// What reports of op cases on the emulated device must hold.
import type { Test } from 'tap';
import type { OpsReport } from './cuda';

type DType = 'fp32' | 'bf16' | 'fp16' | 'int8';

/** What layers and their training are made of; every other op computes in float32 alone. */
const layerOps = ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert'];
const trainedOps = [...layerOps, 'embedding', 'dropout'];
const backwardOps = layerOps.slice(0, 4).map((op) => `${op}_backward`);
const headOps = ['activation', 'softmax', 'weighted_sum', 'cross_entropy', 'binary_cross_entropy'];
const lossOps = [...headOps, 'squared_error'];
const masterOps = [...lossOps, 'embedding'].map((op) => `${op}_backward`);
const optimizerOps = ['square_sum', 'adamw', 'lamb'];
const wanted: Record<DType, string[]> = {
  fp32: [...trainedOps, ...backwardOps, ...lossOps, ...masterOps, ...optimizerOps],
  bf16: [...trainedOps, ...backwardOps],
  fp16: [...trainedOps, ...backwardOps],
  int8: layerOps,
};

/** Larger cases that reach what small ones do not: wide blocks, several tiles of keys. */
export const largerCases = [
  'heads=1,head_size=64,lengths=129',
  'heads=2,head_size=64,lengths=129+70',
  'heads=1,head_size=128,lengths=97',
  'heads=2,head_size=128,lengths=70+1+121',
] as const;

/** That no case failed, and that the dtypes named have cases of every op that computes in them. */
export function judgeOps(t: Test, report: OpsReport, complete: readonly DType[] = []): void {
  for (const { op, dtype, cases, failed, worst_share_of_tolerance } of report.ops) {
    const share = `${Math.round(100 * worst_share_of_tolerance)} % of the tolerance`;
    t.ok(failed === 0 && cases > 0, `${op}, ${dtype}: ${cases} cases, at most ${share}`);
  }
  t.same(report.failures, [], 'no failures');
  t.ok(report.passed > 0);
  for (const dtype of complete) {
    const seen = report.ops.filter((row) => row.dtype === dtype).map(({ op }) => op);
    t.same(wanted[dtype].filter((op) => !seen.includes(op)), [], `${dtype}: all ops have cases`);
  }
}

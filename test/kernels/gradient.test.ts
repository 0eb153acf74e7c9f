// The reference's backward ops against finite differences, as reported by albert_check.
import path from 'node:path';
import t from 'tap';
import { runProgram } from '../support/forward';

const program = path.join(__dirname, '../../build/albert_check');
const ops = [
  'embedding',
  'linear',
  'layer_norm',
  'attention',
  'gather_rows',
  'activation',
  'softmax',
  'weighted_sum',
  'cross_entropy',
  'binary_cross_entropy',
  'squared_error',
].map((op) => `${op}_backward`);

interface Report {
  passed: number;
  failed: number;
  ops: { op: string; cases: number; failed: number; compared: number; worst_relative: number }[];
  failures: unknown[];
}

t.test('every backward op has its differences', async (t) => {
  const { code, output, errors } = await runProgram(program, ['--mode', 'gradient', '--json']);
  t.equal(code, 0, errors);
  const report = JSON.parse(output) as Report;
  t.same(report.failures, []);
  t.equal(report.passed, report.ops.reduce((sum, { cases }) => sum + cases, 0));
  for (const name of [...ops, 'dropout']) {
    const op = report.ops.find(({ op }) => op === name);
    const sound = op && op.cases > 0 && op.failed === 0 && op.compared > 100;
    t.ok(sound && op.worst_relative <= 1e-6, `${name}: ${JSON.stringify(op)}`);
  }
});

t.test('lines, a filter, and the list', async (t) => {
  const filter = ['--mode', 'gradient', '--filter', 'weighted_sum'];
  const lines = await runProgram(program, filter);
  t.equal(lines.code, 0);
  t.match(lines.output, /^weighted_sum_backward +\d+ passed +0 failed .*\n\d+ passed, 0 failed\n$/);
  const list = await runProgram(program, [...filter, '--list']);
  t.match(list.output, /^(weighted_sum_backward\/.*\n)+$/);
  const none = await runProgram(program, ['--mode', 'gradient', '--filter', 'weighted_sum/']);
  t.equal(none.code, 2, 'forward ops have none');
});

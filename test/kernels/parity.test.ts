// Every kernel of this machine against the float64 reference: the program albert_check, op by op.
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { instructionSets, runProgram } from '../support/forward';

interface Row {
  op: string;
  isa: string;
  dtype: string;
  cases: number;
  failed: number;
  worst_absolute: number;
  worst_share_of_tolerance: number;
}

interface Report {
  passed: number;
  failed: number;
  ops: Row[];
  failures: unknown[];
}

const program = path.join(__dirname, '../../build/albert_check');

const backward = (ops: readonly string[]) => ops.map((op) => `${op}_backward`);

/** Layers compute in every dtype, and train in all but int8; the rest computes in float32. */
const layerOps = ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert'];
const headOps = ['embedding', 'activation', 'softmax', 'weighted_sum', 'cross_entropy'];
const losses = ['binary_cross_entropy', 'squared_error'];
const trainingOps = [
  ...backward(['linear', 'layer_norm', 'attention', 'gather_rows']),
  ...['dropout', 'attention_dropout', 'layer_norm_dropout'],
];
const ops: Record<string, string[]> = {
  fp32: [
    ...[layerOps, headOps, losses, trainingOps, backward(headOps), backward(losses)].flat(),
    ...['square_sum', 'adamw', 'lamb'],
  ],
  bf16: [...layerOps, ...trainingOps],
  int8: layerOps,
};

// Three arithmetics on every instruction set, the portable one among them, take their time.
t.setTimeout(900_000);

async function check(...args: string[]) {
  return runProgram(program, ['--mode', 'parity', ...args]);
}

/** Whether an op has cases on an instruction set, and all of them passed. */
function isSound({ cases, failed, worst_share_of_tolerance }: Row): boolean {
  return cases > 0 && failed === 0 && worst_share_of_tolerance <= 1;
}

/** One assertion for each op, instruction set and dtype, from the program's own counts. */
function judge(t: Test, report: Report): void {
  for (const row of report.ops) {
    const share = `${Math.round(100 * row.worst_share_of_tolerance)} % of the tolerance`;
    const passed = `${row.cases - row.failed} of ${row.cases} cases`;
    t.ok(isSound(row), `${row.op}, ${row.isa}, ${row.dtype}: ${passed}, at most ${share}`);
  }
  t.same(report.failures, [], 'no failures');
  const sum = report.ops.reduce((total, { cases }) => total + cases, 0);
  t.equal(report.passed + report.failed, sum, 'the counts add up');
}

t.test('albert_check was built', async (t) => {
  t.ok(fs.existsSync(program), 'build/albert_check exists: npm run build:native makes it');
});

async function reportOf(threads: string, ...args: string[]): Promise<Report> {
  const env = threads ? { ALBERT_THREADS: threads } : {};
  const ended = await runProgram(program, ['--mode', 'parity', '--json', ...args], { env });
  if (ended.code !== 0) throw new Error(`albert_check ended with ${ended.code}: ${ended.output}`);
  return JSON.parse(ended.output) as Report;
}

function judgeAll(t: Test, report: Report, isas: readonly string[]): void {
  judge(t, report);
  for (const isa of isas) {
    for (const [dtype, wanted] of Object.entries(ops)) {
      const rows = report.ops.filter((row) => row.isa === isa && row.dtype === dtype);
      const seen = rows.map(({ op }) => op);
      t.same(wanted.filter((op) => !seen.includes(op)), [], `${isa}, ${dtype}: all have cases`);
    }
  }
}

t.test('parity with as many threads as processors', async (t) => {
  t.ok(instructionSets.includes('portable'), instructionSets.join(', '));
  judgeAll(t, await reportOf(''), instructionSets);
});

t.test('parity with five threads', async (t) => {
  const [best = ''] = instructionSets;
  judgeAll(t, await reportOf('5', '--isa', best), [best]);
});

t.test('a failed case, an empty op and a broken tolerance are noticed', async (t) => {
  const row = { op: 'linear', isa: 'avx2', dtype: 'fp32', cases: 2, failed: 0, worst_absolute: 0 };
  t.ok(isSound({ ...row, worst_share_of_tolerance: 0.5 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 0.5, failed: 1 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 0.5, cases: 0 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 1.5 }));
});

t.test('one dtype', async (t) => {
  const filter = ['--filter', 'rows=7', '--isa', 'portable', '--dtype', 'int8', '--json'];
  const { code, output } = await check(...filter);
  t.equal(code, 0);
  const report = JSON.parse(output) as Report;
  t.ok(report.ops.length > 0 && report.ops.every(({ dtype }) => dtype === 'int8'));
  judge(t, report);
});

t.test('one instruction set, some cases', async (t) => {
  const filter = ['--isa', 'portable', '--dtype', 'fp32', '--filter', 'embedding/'];
  const { code, output } = await check(...filter, '--json');
  t.equal(code, 0);
  const report = JSON.parse(output) as Report;
  t.same(report.ops.map(({ op, isa }) => [op, isa]), [['embedding', 'portable']]);
  judge(t, report);
  const text = await check(...filter);
  t.match(text.output, new RegExp(`${report.passed} passed, 0 failed\n$`));
});

t.test('wrong usage', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['--isa', 'sse2'], /--isa must be one of .*portable/],
    [['--dtype', 'fp16'], /--dtype must be one of fp32, bf16, int8/],
    [['--filter', 'no such case'], /no case contains/],
    [['--mode', 'party'], /unknown mode "party"/],
    [['--no-such-option'], /unknown argument/],
    [['--isa'], /--isa needs a value/],
  ];
  for (const [args, message] of wrong) {
    const { code, output, errors } = await check(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(output, '');
    t.match(errors, message);
  }
});

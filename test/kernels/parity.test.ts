// Every kernel of this machine against the float64 reference: the program albert_check, op by op.
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { runProgram } from '../support/forward';

interface Row {
  op: string;
  isa: string;
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
const ops = ['embedding', 'linear', 'layer_norm', 'attention', 'gather_rows', 'activation'];

async function check(...args: string[]) {
  return runProgram(program, ['--mode', 'parity', ...args]);
}

/** Whether an op has cases on an instruction set, and all of them passed. */
function isSound({ cases, failed, worst_share_of_tolerance }: Row): boolean {
  return cases > 0 && failed === 0 && worst_share_of_tolerance <= 1;
}

/** One assertion for each op and instruction set, from the program's own counts. */
function judge(t: Test, report: Report): void {
  for (const row of report.ops) {
    const share = `${Math.round(100 * row.worst_share_of_tolerance)} % of the tolerance`;
    const passed = `${row.cases - row.failed} of ${row.cases} cases`;
    t.ok(isSound(row), `${row.op}, ${row.isa}: ${passed}, at most ${share}`);
  }
  t.same(report.failures, [], 'no failures');
  const sum = report.ops.reduce((total, { cases }) => total + cases, 0);
  t.equal(report.passed + report.failed, sum, 'the counts add up');
}

t.test('albert_check was built', async (t) => {
  t.ok(fs.existsSync(program), 'build/albert_check exists: npm run build:native makes it');
});

for (const threads of ['', '5']) {
  t.test(`parity with ${threads || 'as many threads as processors'}`, async (t) => {
    const env = threads ? { ALBERT_THREADS: threads } : {};
    const ended = await runProgram(program, ['--mode', 'parity', '--json'], { env });
    t.equal(ended.code, 0, ended.errors);
    const report = JSON.parse(ended.output) as Report;
    judge(t, report);
    const isas = new Set(report.ops.map(({ isa }) => isa));
    t.ok(isas.has('portable'), `instruction sets: ${[...isas].join(', ')}`);
    for (const isa of isas) {
      const seen = report.ops.filter((row) => row.isa === isa).map(({ op }) => op);
      t.same(ops.filter((op) => !seen.includes(op)), [], `${isa}: every op has cases`);
    }
  });
}

t.test('a failed case, an empty op and a broken tolerance are noticed', async (t) => {
  const row = { op: 'linear', isa: 'avx2', cases: 2, failed: 0, worst_absolute: 0 };
  t.ok(isSound({ ...row, worst_share_of_tolerance: 0.5 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 0.5, failed: 1 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 0.5, cases: 0 }));
  t.notOk(isSound({ ...row, worst_share_of_tolerance: 1.5 }));
});

t.test('one instruction set, some cases', async (t) => {
  const { code, output } = await check('--isa', 'portable', '--filter', 'embedding/', '--json');
  t.equal(code, 0);
  const report = JSON.parse(output) as Report;
  t.same(report.ops.map(({ op, isa }) => [op, isa]), [['embedding', 'portable']]);
  judge(t, report);
  const text = await check('--isa', 'portable', '--filter', 'embedding/');
  t.match(text.output, new RegExp(`${report.passed} passed, 0 failed\n$`));
});

t.test('wrong usage', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['--isa', 'sse2'], /--isa must be one of .*portable/],
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

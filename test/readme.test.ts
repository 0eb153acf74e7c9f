// The speeds that README.md states are those that bench/RESULTS.md records.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { root } from './layout/sources';

const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const dtypes = ['fp32', 'bf16', 'int8'] as const;

/** `workload dtype` → `tokens/s (ratio×)`, from the verdicts at the end of the trials. */
function recorded(results: string): Map<string, string> {
  const verdict = /^(\S.*?) {2,}(fp32|bf16|int8) +([\d,]+) +([\d.]+×)/gm;
  return new Map(
    [...results.matchAll(verdict)].map(([, workload, dtype, rate, ratio]) => [
      `${workload} ${dtype}`,
      `${rate} (${ratio})`,
    ]),
  );
}

/** The same from the cells of the table below a heading. */
function stated(readme: string, heading: string): Map<string, string> {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|')).slice(2);
  return new Map(
    rows.flatMap((row) => {
      const [, workload, ...cells] = row.split('|').map((cell) => cell.trim());
      return dtypes.map((dtype, i): [string, string] => [`${workload} ${dtype}`, cells[i] ?? '']);
    }),
  );
}

t.test('the table of speeds is what the trials printed last', async (t) => {
  const trials = recorded(read('bench/RESULTS.md'));
  t.equal(trials.size, 15, 'five workloads in three dtypes');
  t.same(stated(read('README.md'), 'How fast'), trials);
});

t.test('a stale table is found', async (t) => {
  const printed = 'batch 1 × 128  fp32  1,384  1.08×  openvino  wanted ≥ 1.05×: reached\n';
  const table = '\n## Speed\n\n| workload | fp32 |\n|---|---|\n| batch 1 × 128 | 1,385 (1.08×) |\n';
  const [was, is] = [recorded(printed), stated(table, 'Speed')].map((speeds) =>
    speeds.get('batch 1 × 128 fp32'),
  );
  t.same([was, is], ['1,384 (1.08×)', '1,385 (1.08×)']);
});

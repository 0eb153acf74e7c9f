// Where there is nvcc, it takes every source of the library that its headers suffice for: it knows
// what g++ cannot judge. For one architecture and to PTX alone, within a minute; npm run build:cuda
// does the rest.
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const root = path.join(__dirname, '../..');
const folder = path.join(root, 'native/ops/cuda');
const nvcc = ['nvcc', '/usr/local/cuda/bin/nvcc'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
);
const skip = !nvcc && 'no nvcc on this machine: the kernels were compiled by g++ alone';
t.setTimeout(600_000);

/** Where cuBLAS's headers lie: in the toolkit, or in the wheel that build:cuda unpacks. */
function cublasFolder(): string | undefined {
  const wheels = path.join(root, 'build/cuda-library');
  const below = (directory: string): string[] =>
    fs.existsSync(directory) ? fs.readdirSync(directory).map((n) => path.join(directory, n)) : [];
  const unpacked = below(wheels).flatMap((wheel) => below(path.join(wheel, 'nvidia')));
  return ['/usr/local/cuda', ...unpacked]
    .map((home) => path.join(home, 'include'))
    .find((include) => fs.existsSync(path.join(include, 'cublasLt.h')));
}

const cublas = cublasFolder();

/** Whether a source includes what asks for cublasLt.h. */
function needsCublas(source: string): boolean {
  const text = fs.readFileSync(path.join(folder, source), 'utf8');
  return /#include "ops\/cuda\/(device|matmul|worker)\.cuh"/.test(text);
}

const sources = fs.readdirSync(folder).filter((name) => name.endsWith('.cu'));
const taken = sources.filter((source) => cublas !== undefined || !needsCublas(source));

async function compile(source: string, output: string): Promise<string> {
  const headers = ['-I', path.join(root, 'native'), ...(cublas ? ['-isystem', cublas] : [])];
  const options = ['-std=c++20', '-arch=compute_80', '-ptx', '-Werror=all-warnings', ...headers];
  const words = [...options, path.join(folder, source), '-o', output];
  const failed = (error: { stdout?: string; stderr?: string }): string =>
    `${error.stdout ?? ''}${error.stderr ?? ''}` || String(error);
  return promisify(execFile)(nvcc!, words).then(() => '', failed);
}

t.test('nvcc takes the kernels', { skip }, async (t) => {
  if (!cublas) t.comment(`no cublasLt.h here: without ${sources.filter(needsCublas).join(', ')}`);
  t.ok(taken.length > 12, `${taken.length} sources`);
  const queue = [...taken];
  const directory = t.testdir({});
  const work = async (): Promise<void> => {
    for (let source = queue.shift(); source; source = queue.shift()) {
      t.equal(await compile(source, path.join(directory, `${source}.ptx`)), '', source);
    }
  };
  await Promise.all([work(), work()]);
});

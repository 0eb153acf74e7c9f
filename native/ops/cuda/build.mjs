// npm run build:cuda: builds libalbert_cuda.so for every listed architecture, beside the addon.
// Needs nvcc; headers of cuBLAS come from the toolkit or, where it lacks them, from the wheel
// nvidia-cublas of the same major version. Prints what each kernel uses of registers and memory.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const folder = path.join(root, 'build/cuda-library');

/** Where a toolkit may be, beside PATH. */
const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH, '/usr/local/cuda'].filter(Boolean);

/** The major version of nvcc, or an error that says what to install. */
function toolkitMajor() {
  const programs = ['nvcc', ...homes.map((home) => path.join(home, 'bin/nvcc'))];
  for (const program of programs) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (status === 0) return Number(/release (\d+)\./.exec(stdout)[1]);
  }
  throw new Error(`found no nvcc (${programs.join(', ')}): install the CUDA toolkit, 12 or later`);
}

/** The path of a file of that name below a directory, or undefined. */
function find(directory, name) {
  if (!fs.existsSync(directory)) return undefined;
  const all = fs.readdirSync(directory, { recursive: true });
  const hit = all.find((file) => path.basename(file) === name);
  return hit && path.join(directory, hit);
}

/** The folder with include/ and lib/ of cuBLAS; "" where the toolkit has its own. */
function cublasRoot(major) {
  if (homes.some((home) => fs.existsSync(path.join(home, 'include/cublasLt.h')))) return '';
  const wheel = path.join(folder, `cublas-${major}`);
  if (!find(wheel, 'cublasLt.h')) {
    const name = major >= 13 ? `nvidia-cublas==${major}.*` : `nvidia-cublas-cu${major}`;
    console.log(`The toolkit has no cublasLt.h: pip unpacks ${name} below build/ (450 MB).`);
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', wheel, name];
    execFileSync('python3', args, { stdio: 'inherit' });
  }
  const header = find(wheel, 'cublasLt.h');
  if (!header) throw new Error(`the wheel of cuBLAS ${major} has no cublasLt.h`);
  return path.dirname(path.dirname(header));
}

/** Runs cmake; shows the lines that are not ptxas's, returns all. */
function cmake(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('cmake', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = [];
    let rest = '';
    const take = (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop();
      for (const line of parts) {
        lines.push(line);
        if (!/^ptxas info|bytes stack frame/.test(line)) console.log(line);
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(lines) : reject(new Error(`cmake ended with ${code}`)),
    );
  });
}

/** What ptxas told of each kernel: the most of any variant, by kernel and architecture. */
function kernelUse(lines) {
  const use = new Map();
  let at;
  for (const line of lines) {
    const entry = /Compiling entry function '(\w+)' for '(sm_\d+)'/.exec(line);
    const [, name] = entry ? (/([a-z][a-z_]*_kernel)/.exec(entry[1]) ?? [undefined, entry[1]]) : [];
    if (entry) {
      at = use.get(name) ?? { variants: new Set(), registers: {}, shared: 0, stack: 0, spilled: 0 };
      use.set(name, at);
      at.variants.add(entry[1]);
      at.architecture = entry[2];
    }
    const stack = /(\d+) bytes stack frame/.exec(line);
    if (stack && at) at.stack = Math.max(at.stack, Number(stack[1]));
    const spill = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (spill && at) at.spilled = Math.max(at.spilled, Number(spill[1]) + Number(spill[2]));
    const used = /Used (\d+) registers/.exec(line);
    if (!used || !at) continue;
    const before = at.registers[at.architecture] ?? 0;
    at.registers[at.architecture] = Math.max(before, Number(used[1]));
    at.shared = Math.max(at.shared, Number(/(\d+) bytes smem/.exec(line)?.[1] ?? 0));
  }
  return use;
}

/** A line for each kernel: most registers on each architecture, static shared memory, spills. */
function printTable(use) {
  const architectures = [...new Set([...use.values()].flatMap((k) => Object.keys(k.registers)))];
  const bytes = ['shared bytes', 'stack bytes', 'spilled bytes'];
  const head = ['kernel', 'variants', ...architectures, ...bytes];
  const rows = [...use].sort().map(([name, { variants, registers, shared, stack, spilled }]) => [
    name,
    variants.size,
    ...architectures.map((architecture) => registers[architecture] ?? ''),
    shared,
    stack,
    spilled,
  ]);
  for (const row of [head, ...rows]) {
    const [name, ...numbers] = row.map(String);
    console.log([name.padEnd(44), ...numbers.map((cell) => cell.padStart(9))].join(' '));
  }
}

async function main() {
  const major = toolkitMajor();
  const cublas = cublasRoot(major);
  await cmake('-S', '.', '-B', folder, '-DALBERT_CUDA=ON', `-DALBERT_CUBLAS_ROOT=${cublas}`);
  const jobs = String(os.availableParallelism()); // without a number, make starts all at once
  const lines = await cmake('--build', folder, '--parallel', jobs, '--target', 'albert_cuda');
  const library = path.join(folder, 'libalbert_cuda.so');
  const target = path.join(root, 'build/Release/libalbert_cuda.so');
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(library, target);
  const use = kernelUse(lines);
  if (use.size > 0) printTable(use);
  const megabytes = (fs.statSync(target).size / 1e6).toFixed(1);
  console.log(`${path.relative(root, target)}: ${megabytes} MB`);
}

main().catch((error) => {
  console.error(`build:cuda: ${error.message}`);
  process.exitCode = 1;
});

// npm run build:emulator: the library albert_cuda as C++ for the emulator, plain and under two
// sanitizers, each with its programs. Where that fails, it leaves the reason for the tests, which
// fail by it, and ends with status 0, so that all others run.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = path.join(root, 'build/cuda');
const targets = ['cuda_emulated', 'cuda_emulated_address', 'cuda_emulated_thread'];

/** Nothing that an earlier build made may be tested in this one's place. */
function clear() {
  fs.mkdirSync(folder, { recursive: true });
  for (const file of fs.readdirSync(folder)) {
    if (/\.so$|^cuda_faults|^albert_check/.test(file)) fs.rmSync(path.join(folder, file));
  }
}

const failure = path.join(folder, 'failure.txt');
fs.rmSync(failure, { force: true });
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('build:emulator: left out: the emulator is for Linux on x86-64');
} else {
  const jobs = String(os.availableParallelism()); // without a number, make starts all at once
  const args = ['--build', 'build', '--parallel', jobs, '--target', ...targets];
  const { status, error } = spawnSync('cmake', args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    clear();
    const reason = error?.message ?? `cmake ${args.join(' ')} ended with ${status}`;
    fs.writeFileSync(failure, reason);
    console.error(`build:emulator: ${reason}; the tests of test/cuda will fail`);
  }
}

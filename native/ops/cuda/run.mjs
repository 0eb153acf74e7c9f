// npm run test:gpu and npm run bench:gpu: op cases and golden models on this machine's GPU, and the
// table of times. Without Node the first part of each is `albert_check --device cuda`, with --mode
// timing for the table. Ends with status 3 and the reason where there is no GPU to use.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const noGpu = 3;

/** Runs a command to its end with its output shown; its status. */
function run(command, args, env = {}) {
  console.log(`\n$ ${[path.basename(command), ...args].join(' ')}`);
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  return status ?? 1;
}

/** The built program, or an error that says how to build it. */
function program() {
  const file = path.join(root, 'build/albert_check');
  if (!fs.existsSync(file)) throw new Error('no build/albert_check: npm run build makes it');
  return file;
}

/** Why the device cannot be used, or undefined. */
async function reasonAgainst() {
  const { default: albert } = await import(path.join(root, 'dist/index.js'));
  const cuda = albert.info().backends.find(({ name }) => name === 'cuda');
  if (cuda.available) console.log(cuda.reason);
  return cuda.available ? undefined : cuda.reason;
}

/** Parity and golden models; once more under compute-sanitizer, where it is installed. */
function test() {
  let failed = run(program(), ['--device', 'cuda']) !== 0;
  const golden = ['tap', 'test/cuda/golden.test.ts'];
  failed = run('npx', golden, { ALBERT_TEST_GPU: '1' }) !== 0 || failed;
  const sanitizer = spawnSync('compute-sanitizer', ['--version']).status === 0;
  if (!sanitizer) console.log('\ncompute-sanitizer is not installed: it checked nothing');
  const small = ['--device', 'cuda', '--small'];
  for (const tool of sanitizer ? ['memcheck', 'racecheck', 'synccheck'] : []) {
    const args = ['--tool', tool, '--error-exitcode', '1', program(), ...small];
    failed = run('compute-sanitizer', args) !== 0 || failed;
  }
  return failed ? 1 : 0;
}

/** Each op's time, throughput and share of its floor. */
function bench(json) {
  const args = ['--device', 'cuda', '--mode', 'timing'];
  return run(program(), json ? [...args, '--json'] : args);
}

async function main([task, ...options]) {
  if (task !== 'test' && task !== 'bench') throw new Error('expected "test" or "bench"');
  const reason = await reasonAgainst();
  if (reason) {
    console.error(`${task}:gpu: no GPU to use here: ${reason}`);
    return noGpu;
  }
  return task === 'test' ? test() : bench(options.includes('--json'));
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);

// npm run test:gpu and npm run bench:gpu: op cases and golden models on this machine's GPU, and the
// tables of times (--json, --quick, --allow_tf32). Without Node these are `albert_check --device
// cuda`, with --mode timing and --mode models for the tables. Ends with status 3 and the reason
// where there is no GPU to use.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const noGpu = 3;
const quickOps = ['--filter', 'square_sum'];
const benchOptions = ['--json', '--quick', '--allow_tf32'];

/** Runs a command to its end with its output shown; its status. */
function run(command, args, env = {}) {
  console.log(`\n$ ${[path.basename(command), ...args].join(' ')}`);
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } };
  const { status, error } = spawnSync(command, args, options);
  if (error) throw error;
  return status ?? 1;
}

/** What a command prints. */
function output(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 };
  const { status, stdout, error } = spawnSync(command, args, options);
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(command)} ended with ${status}`);
  return stdout.toString();
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
  if (cuda.available) console.error(cuda.reason);
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

/** Each op's time and throughput, then whole models: forward passes and updates. */
function bench(options) {
  const quick = options.includes('--quick');
  const shared = options.filter((word) => word !== '--quick');
  const ops = ['--device', 'cuda', '--mode', 'timing', ...shared, ...(quick ? quickOps : [])];
  const models = ['--device', 'cuda', '--mode', 'models', ...options];
  if (!options.includes('--json')) {
    const failed = run(program(), ops) !== 0;
    return run(program(), models) !== 0 || failed ? 1 : 0;
  }
  const [timings, runs] = [ops, models].map((args) => JSON.parse(output(program(), args)).timings);
  console.log(JSON.stringify({ ops: timings, models: runs }, undefined, 2));
  return 0;
}

async function main([task, ...options]) {
  if (task !== 'test' && task !== 'bench') throw new Error('expected "test" or "bench"');
  const unknown = options.find((word) => task !== 'bench' || !benchOptions.includes(word));
  const known = benchOptions.join(' ');
  if (unknown) throw new Error(`unknown option ${unknown}; bench:gpu has ${known}`);
  const reason = await reasonAgainst();
  if (reason) {
    console.error(`${task}:gpu: no GPU to use here: ${reason}`);
    return noGpu;
  }
  return task === 'test' ? test() : bench(options);
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);

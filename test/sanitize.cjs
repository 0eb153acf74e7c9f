// Trains and computes under sanitizers: node test/sanitize.cjs [address|thread] [updates] [--isa …]
// Builds albert_check with the sanitizer in a folder of its own, once, and runs it.
'use strict';
const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const kinds = { address: 'address,undefined', thread: 'thread' };
const [kind = 'address', count, ...more] = process.argv.slice(2);
if (!Object.hasOwn(kinds, kind)) {
  process.stderr.write('usage: node test/sanitize.cjs [address|thread] [updates]\n');
  process.exit(2);
}

/** ThreadSanitizer is a hundred times as slow, and most races show in the first updates. */
const updates = count ?? { address: '2000', thread: '100' }[kind];
const root = path.join(__dirname, '..');
const folder = path.join(root, 'build', `sanitized-${kind}`);
const env = {
  ...process.env,
  ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
};

/** Runs a program; its failure is ours. */
function run(program, ...words) {
  process.stdout.write(`${program} ${words.join(' ')}\n`);
  const { status, error } = spawnSync(program, words, { stdio: 'inherit', env });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const setting = `-DALBERT_SANITIZE=${kinds[kind]}`;
run('cmake', '-S', root, '-B', folder, '-DCMAKE_BUILD_TYPE=Debug', setting);
const jobs = String(os.availableParallelism());
run('cmake', '--build', folder, '--target', 'albert_check', '--parallel', jobs);
const check = path.join(folder, 'albert_check');
run(check, '--mode', 'training', '--updates', updates, ...more);

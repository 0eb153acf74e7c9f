// Saving where it cannot be done: an error, the old files whole, no leftovers.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { AlbertModel } from '../../dist/index.js';
import { expectError } from '../support/errors';
import { runProgram } from '../support/forward';
import { goldenConfig } from '../support/golden';

const config = goldenConfig('tiny_gelu_new_g1');

t.test('paths that cannot be written', async (t) => {
  const model = await AlbertModel.from_config(config);
  const parent = t.testdir({ file: 'content', occupied: { 'model.safetensors': {} } });
  const save =
    (...parts: string[]) =>
    () =>
      model.save_pretrained(path.join(parent, ...parts));
  await expectError(t, save('file'), 'ERR_IO', /file/, 'a file is in the way');
  await expectError(t, save('file', 'below'), 'ERR_IO', /ENOTDIR|not a directory/i, 'below a file');
  await expectError(
    t,
    save('occupied'),
    'ERR_IO',
    /model\.safetensors/,
    'a directory is in the way',
  );
  t.same(
    readdirSync(path.join(parent, 'occupied')),
    ['model.safetensors'],
    'nothing is left behind',
  );
  symlinkSync('loop', path.join(parent, 'loop'));
  await expectError(t, save('loop'), 'ERR_IO', /loop/, 'a link to itself');
  await expectError(t, save(`a\0b`), 'ERR_IO', /./, 'a NUL character');
  await expectError(
    t,
    save('x'.repeat(300)),
    'ERR_IO',
    /ENAMETOOLONG|too long/i,
    'a name too long',
  );
  await expectError(t, () => model.save_pretrained(''), 'RangeError', /not empty/);
  await expectError(t, () => model.save_pretrained(7 as never), 'TypeError', /string/);
  t.equal(readFileSync(path.join(parent, 'file'), 'utf8'), 'content');
});

/** Saves a larger model over a smaller one, in a process that may write `limit` bytes to a file. */
const script = `
  const { AlbertModel } = require(process.argv[1]);
  const config = { ...JSON.parse(process.argv[2]), vocab_size: 30000 };
  AlbertModel.from_config(config).then((model) => model.save_pretrained(process.argv[3])).then(
    () => console.log('saved'),
    (error) => console.log(error.name, error.code, error.message),
  );`;

const arguments_ = (directory: string): string[] => [
  path.join(__dirname, '../../dist/index.js'),
  JSON.stringify(config),
  directory,
];

async function oldModel(directory: string): Promise<() => string> {
  await (await AlbertModel.from_config(config)).save_pretrained(directory);
  const content = (): string =>
    readdirSync(directory)
      .sort()
      .map((name) => `${name} ${readFileSync(path.join(directory, name)).toString('base64')}`)
      .join('\n');
  return content;
}

t.test('a limit on file sizes: the old file stays', async (t) => {
  const directory = t.testdir({});
  const content = await oldModel(directory);
  const before = content();
  // The runner's hooks, which NODE_OPTIONS brings in, would make the limit a deadly signal.
  const shell = 'unset NODE_OPTIONS; ulimit -f 200 && exec "$0" -e "$1" "$2" "$3" "$4"';
  const args = ['-c', shell, process.execPath, script, ...arguments_(directory)];
  const { code, signal, output, errors } = await runProgram('bash', args);
  t.same([code, signal], [0, null], errors);
  t.match(output, /AlbertError ERR_IO cannot write .*model\.safetensors/);
  t.equal(content(), before, 'both files are as they were, and alone');
  await AlbertModel.from_pretrained(directory);
});

t.test('a full disk: the old file stays', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'albert-full-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory], {
      stdio: 'pipe',
    });
  } catch (error) {
    const skip = `cannot mount a small file system here: ${String(error).split('\n')[0]}`;
    t.pass('skipped', { skip });
    return;
  }
  try {
    const content = await oldModel(directory);
    const before = content();
    const args = ['-e', script, ...arguments_(directory)];
    const { output, errors } = await runProgram(process.execPath, args);
    t.match(output, /AlbertError ERR_IO cannot write .*No space left/, errors);
    t.equal(content(), before, 'both files are as they were, and alone');
  } finally {
    execFileSync('umount', [directory]);
  }
});

t.test('a read-only directory: the old file stays', async (t) => {
  const directory = path.join(t.testdir({}), 'locked');
  mkdirSync(directory);
  const content = await oldModel(directory);
  const before = content();
  // Root may write everywhere; then only a process without its rights can tell.
  const drop = ['setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=-all'];
  const command = [...(process.getuid?.() === 0 ? drop : []), process.execPath];
  chmodSync(directory, 0o555);
  try {
    const args = [...command.slice(1), '-e', script, ...arguments_(directory)];
    const ended = await runProgram(command[0] ?? '', args).catch((error: Error) => error.message);
    if (typeof ended === 'string' || ended.code !== 0) {
      const why = typeof ended === 'string' ? ended : ended.errors;
      const skip = `cannot become a user without rights here: ${why.split('\n').at(-2) ?? why}`;
      t.pass('skipped', { skip });
      return;
    }
    t.match(ended.output, /AlbertError ERR_IO .*ermission denied/);
    t.equal(content(), before);
  } finally {
    chmodSync(directory, 0o755);
  }
});

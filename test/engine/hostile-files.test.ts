// Files that lie: every one gives one clear error, and never more memory than the file is long.
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertError, AlbertForPreTraining, AlbertModel } from '../../dist/index.js';
import { expectError } from '../support/errors';
import { goldenConfig, goldenDirectory } from '../support/golden';
import { writeRaw } from '../support/safetensors';
import { randomSource } from '../support/tensors';

t.setTimeout(300_000);

const golden = 'tiny_gelu_new_g1';
const whole = readFileSync(path.join(goldenDirectory(golden), 'model.safetensors'));
const headerLength = Number(whole.readBigUInt64LE(0));
const header = JSON.parse(whole.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>;
const data = whole.subarray(8 + headerLength);

interface Entry {
  dtype: string;
  shape: unknown;
  data_offsets: unknown;
}

/** A directory with the golden config and a weights file to be written. */
function checkpoint(directory: string): { directory: string; file: string } {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(goldenConfig(golden)));
  return { directory, file: path.join(directory, 'model.safetensors') };
}

const load = (directory: string) => () => AlbertModel.from_pretrained(directory);

t.test('headers that contradict the file or themselves', async (t) => {
  const { directory, file } = checkpoint(t.testdir({}));
  const first = Object.keys(header)[1] ?? '';
  const entry = header[first] as Entry;
  const changed = (change: object): string =>
    JSON.stringify({ ...header, [first]: { ...entry, ...change } });
  const size = data.length;
  const lies: Record<string, [string, RegExp]> = {
    'data past the end': [changed({ data_offsets: [size, size + 64] }), /ends? at|truncated|takes/],
    'negative offsets': [changed({ data_offsets: [-8, 0] }), /non-negative/],
    'offsets swapped': [changed({ data_offsets: [64, 0] }), /begin <= end/],
    'one offset': [changed({ data_offsets: [0] }), /data_offsets/],
    'three offsets': [changed({ data_offsets: [0, 8, 16] }), /data_offsets/],
    'offsets of 2^63': [changed({ data_offsets: [0, 2 ** 63] }), /integer|ends? at|data_offsets/],
    'fractional offsets': [changed({ data_offsets: [0, 1.5] }), /integer/],
    'offsets are strings': [changed({ data_offsets: ['0', '8'] }), /integer/],
    'an overlap': [
      changed({ data_offsets: (header[Object.keys(header)[2] ?? ''] as Entry).data_offsets }),
      /overlap|no tensor|takes/,
    ],
    'a shape that overflows': [changed({ shape: [2 ** 40, 2 ** 40] }), /overflow/],
    'a shape whose bytes overflow': [changed({ shape: [2 ** 62] }), /overflow/],
    'a shape with zero times huge': [changed({ shape: [0, 2 ** 62, 2 ** 62] }), /takes|overflow/],
    'a negative shape': [changed({ shape: [-1] }), /non-negative/],
    'a shape too large': [changed({ shape: [1000] }), /takes/],
    'a shape that is a number': [changed({ shape: 8 }), /array/],
    'no dtype': [changed({ dtype: undefined }), /dtype/],
    'a dtype that is a number': [changed({ dtype: 32 }), /dtype/],
    'no object': [JSON.stringify({ ...header, [first]: 7 }), /object/],
    'metadata of numbers': [
      JSON.stringify({ ...header, __metadata__: { a: 1 } }),
      /__metadata__|strings/,
    ],
    'an array': ['[1, 2, 3]', /object/],
    'a word': ['"safetensors"', /object/],
    'no tensors': ['{}', /bytes of data/],
    nothing: ['', /JSON|header|expected/],
    'half of itself': [JSON.stringify(header).slice(0, 500), /JSON|expected|unexpected/i],
    'trailing text': [`${JSON.stringify(header)}}`, /JSON|expected|unexpected|after/i],
    'invalid UTF-8 escapes': [`{"\\ud800": ${JSON.stringify(entry)}}`, /./],
    'two tensors of one name': [
      `{"${first}":${JSON.stringify(entry)},"${first}":${JSON.stringify(entry)}}`,
      /./,
    ],
    'an object a million deep': [`{"a":${'['.repeat(1_000_000)}`, /deep|nest|JSON/i],
    'numbers of a million digits': [
      `{"a":{"dtype":"F32","shape":[${'9'.repeat(1_000_000)}],"data_offsets":[0,4]}}`,
      /integer|number|JSON/i,
    ],
  };
  t.ok(Object.keys(lies).length > 25);
  for (const [name, [text, message]] of Object.entries(lies)) {
    writeRaw(file, text, data);
    await expectError(t, load(directory), 'ERR_FORMAT', message, name);
  }
});

t.test('lengths that lie', async (t) => {
  const { directory, file } = checkpoint(t.testdir({}));
  const text = JSON.stringify(header);
  for (const length of [0n, 1n, 100_000_000n, 100_000_001n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n]) {
    writeRaw(file, text, data, length);
    await expectError(
      t,
      load(directory),
      'ERR_FORMAT',
      /header|JSON|expected/,
      `header length ${length}`,
    );
  }
  // A sparse file that is long enough for its claim: refused by the limit, or read and refused.
  writeRaw(file, text, data, 90_000_000n);
  truncateSync(file, 95_000_000);
  const before = process.memoryUsage().rss;
  await expectError(t, load(directory), 'ERR_FORMAT', /json/i, '90 MB of header');
  t.ok(process.memoryUsage().rss - before < 200e6, 'a long header does not fill the memory');
  writeRaw(file, text, data, 150_000_000n);
  truncateSync(file, 160_000_000);
  await expectError(t, load(directory), 'ERR_FORMAT', /claims/, '150 MB of header');
});

t.test('every truncation is an error', async (t) => {
  const { directory, file } = checkpoint(t.testdir({}));
  const lengths = [0, 1, 7, 8, 9, 100, headerLength, headerLength + 7, headerLength + 8];
  const next = randomSource(5);
  while (lengths.length < 100) lengths.push(Math.floor(next() * (whole.length - 1)));
  for (const length of lengths) {
    writeFileSync(file, whole.subarray(0, length));
    await expectError(t, load(directory), 'ERR_FORMAT', /./, `${length} of ${whole.length} bytes`);
  }
  writeFileSync(file, Buffer.concat([whole, Buffer.alloc(16)]));
  await expectError(t, load(directory), 'ERR_FORMAT', /bytes of data/, '16 bytes too many');
});

t.test('flipped bits of the header: an error or a model, never a crash', async (t) => {
  const { directory, file } = checkpoint(t.testdir({}));
  const next = randomSource(6);
  let refused = 0;
  for (let i = 0; i < 200; ++i) {
    const broken = Buffer.from(whole);
    const at = i < 64 ? i >> 3 : 8 + Math.floor(next() * headerLength);
    broken[at] = (broken[at] ?? 0) ^ (1 << (i & 7));
    writeFileSync(file, broken);
    try {
      const model = await AlbertForPreTraining.from_pretrained(directory);
      await model({ input_ids: [[2, 3]] });
    } catch (error) {
      if (!(error instanceof AlbertError)) throw error;
      if (!['ERR_FORMAT', 'ERR_SHAPE'].includes(error.code)) throw error;
      ++refused;
    }
  }
  t.ok(refused > 100, `${refused} of 200 were refused`);
});

t.test('what is no file at all', async (t) => {
  const parent = t.testdir({});
  const { directory, file } = checkpoint(path.join(parent, 'a'));
  await expectError(t, load(directory), 'ERR_NOT_FOUND', /model\.safetensors/, 'no weights');
  mkdirSync(file);
  await expectError(t, load(directory), 'ERR_IO', /directory/, 'a directory in its place');
  const loop = checkpoint(path.join(parent, 'b'));
  symlinkSync(loop.file, loop.file);
  await expectError(
    t,
    load(loop.directory),
    'ERR_NOT_FOUND',
    /model\.safetensors/,
    'a link to itself',
  );
  const device = checkpoint(path.join(parent, 'c'));
  symlinkSync('/dev/zero', device.file);
  await expectError(t, load(device.directory), 'ERR_IO', /not a regular file/, 'an endless device');
  await expectError(t, load(path.join(parent, 'nowhere')), 'ERR_NOT_FOUND', /neither a directory/);
  await expectError(t, load('bad\0name'), 'ERR_NOT_FOUND', /./, 'a NUL character');
  const torch = checkpoint(path.join(parent, 'd'));
  writeFileSync(path.join(torch.directory, 'pytorch_model.bin'), 'x');
  await expectError(
    t,
    load(torch.directory),
    'ERR_NOT_FOUND',
    /model\.safetensors/,
    'PyTorch weights',
  );
  writeFileSync(torch.file, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n');
  await expectError(t, load(torch.directory), 'ERR_FORMAT', /header claims/, 'a Git LFS pointer');
});

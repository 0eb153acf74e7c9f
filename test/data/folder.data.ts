// The data sets are the ones that the other tests expect, and the fixtures are copies of them.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { folder } from './folder.cjs';

const fixtures = path.join(__dirname, '../fixtures/golden');
const digest = (file: string): string =>
  crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');

t.test('every data set has its checksum', async (t) => {
  const sums = fs.readFileSync(path.join(folder, 'SHA256SUMS.datasets'), 'utf8');
  const lines = sums
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ [ *]/));
  t.ok(lines.length > 50, `${lines.length} files`);
  t.same(
    lines.filter(([sum, file]) => digest(path.join(folder, file!)) !== sum),
    [],
  );
});

t.test('the golden fixtures are those of the data folder', async (t) => {
  const files = fs.readdirSync(fixtures, { recursive: true, encoding: 'utf8' });
  const golden = files.filter((file) => fs.statSync(path.join(fixtures, file)).isFile());
  t.ok(golden.length >= 9, `${golden.length} files`);
  for (const file of golden) {
    t.equal(digest(path.join(fixtures, file)), digest(path.join(folder, 'golden', file)), file);
  }
});

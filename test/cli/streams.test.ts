// The streaming parts of the command line: lines, batches, order, output files.
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import t from 'tap';
import { toBatches } from '../../dist/cli/batches.js';
import { plain, table } from '../../dist/cli/format.js';
import { mapInOrder } from '../../dist/cli/in-order.js';
import { readLines } from '../../dist/cli/lines.js';
import { openSink } from '../../dist/cli/sink.js';
import { classify } from '../../dist/cli/tasks/classify.js';
import { order } from '../../dist/cli/tasks/order.js';

const sourceOf = (...chunks: (string | Buffer)[]) => ({
  name: 'source',
  stream: Readable.from(chunks.map((chunk) => Buffer.from(chunk as string))),
});

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const groups = await collect(readLines(sourceOf(...chunks), () => {}));
  return groups.flat().map(({ text }) => text);
}

t.test('lines end at LF or CRLF, wherever chunks end', async (t) => {
  t.same(await linesOf('a\nb\r\n\nc'), ['a', 'b', '', 'c']);
  t.same(await linesOf('a\n'), ['a']);
  t.same(await linesOf(''), []);
  t.same(await linesOf('\n\n'), ['', '']);
  t.same(await linesOf('one\r', '\ntw', 'o', '\nthree'), ['one', 'two', 'three']);
  const euro = Buffer.from('x€y\n');
  t.same(await linesOf(euro.subarray(0, 2), euro.subarray(2)), ['x€y'], 'a split character');
  t.same(await linesOf(Buffer.from([0x61, 0xff, 0x62, 0x0a])), ['a\ufffdb'], 'invalid UTF-8');
  t.same(await linesOf('\ufeffa\n\ufeffb'), ['a', '\ufeffb'], 'a byte order mark');
});

t.test('lines are numbered and bytes counted', async (t) => {
  let bytes = 0;
  const groups = await collect(readLines(sourceOf('a\nb\n', 'c\nd'), (count) => (bytes += count)));
  t.same(
    groups.flat().map(({ number }) => number),
    [1, 2, 3, 4],
  );
  t.equal(bytes, 7);
});

t.test('a line without end is refused before it fills the memory', async (t) => {
  const piece = 'x'.repeat(1 << 24);
  const chunks = ['short\n', ...new Array<string>(6).fill(piece)];
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const reading = collect(readLines({ name: 'big', stream }, () => {}));
  await t.rejects(reading, { message: /^big:2: .*64 MiB/ });
});

t.test('batches are bounded and end with the lines that arrived together', async (t) => {
  const options = {};
  const context = { source: 'in.txt', command: classify, options };
  const lines = Array.from({ length: 300 }, (_, i) => ({ number: i + 1, text: 'x' }));
  const sizes = async (...groups: (typeof lines)[]) =>
    (await collect(toBatches(Readable.from(groups), context))).map((batch) => batch.length);
  t.same(await sizes(lines, lines.slice(0, 2)), [256, 44, 2]);
  const large = { number: 1, text: 'y'.repeat(20000) };
  t.same(await sizes([large, large, lines[0]!, large]), [1, 2, 1]);
});

t.test('a malformed line fails by number, after the batch before it', async (t) => {
  const context = { source: 'in.jsonl', command: classify, options: {} };
  const fail = async (text: string, message: RegExp, command = classify) => {
    const groups = Readable.from([
      [
        { number: 1, text: '{"text":"a","first":"","second":""}' },
        { number: 2, text },
      ],
    ]);
    const batches = toBatches(groups, { ...context, command });
    t.equal((await batches.next()).value.length, 1);
    await t.rejects(batches.next(), { message });
  };
  await fail('{"text": "a"', /^in\.jsonl:2: a line that starts with \{ must be a JSON object/);
  await fail('{"text": 3}', /^in\.jsonl:2: "text" must be a string/);
  await fail('{}', /^in\.jsonl:2: "text" is missing: write \{"text"/);
  await fail('plain', /^in\.jsonl:2: a pair of texts is needed/, order);
});

const later = <Value>(value: Value, ms: number): Promise<Value> =>
  new Promise((resolve) => setTimeout(() => resolve(value), ms));

t.test('work overlaps within its limit, and results keep the order', async (t) => {
  let running = 0;
  let most = 0;
  let read = 0;
  async function* inputs(): AsyncGenerator<number> {
    for (; read < 30;) yield read++;
  }
  const results: number[] = [];
  for await (const result of mapInOrder(inputs(), 4, async (input) => {
    most = Math.max(most, ++running);
    await later(0, (input * 7) % 11);
    running--;
    return input;
  })) {
    results.push(result);
    t.ok(read <= result + 6, 'the input is not read ahead of what is taken');
  }
  t.same(
    results,
    Array.from({ length: 30 }, (_, i) => i),
  );
  t.equal(most, 4);
});

t.test('a result does not wait for input that is slow to come', async (t) => {
  let resume = () => {};
  async function* inputs(): AsyncGenerator<string> {
    yield 'first';
    await new Promise<void>((resolve) => (resume = resolve));
    yield 'second';
  }
  const results = mapInOrder(inputs(), 4, async (input) => input);
  t.equal((await results.next()).value, 'first');
  const second = results.next();
  resume();
  t.equal((await second).value, 'second');
  t.ok((await results.next()).done);
});

t.test('when the input fails, everything before it comes first', async (t) => {
  async function* inputs(): AsyncGenerator<number> {
    yield 1;
    yield 2;
    throw new Error('bad line');
  }
  const results: number[] = [];
  const run = async () => {
    for await (const result of mapInOrder(inputs(), 4, (input) => later(input, 20))) {
      results.push(result);
    }
  };
  await t.rejects(run(), { message: 'bad line' });
  t.same(results, [1, 2]);
});

t.test('an output file appears when it is complete', async (t) => {
  const folder = t.testdir({ 'old.txt': 'old' });
  const file = path.join(folder, 'old.txt');
  const sink = await openSink(file);
  await sink.write('new\n');
  t.equal(fs.readFileSync(file, 'utf8'), 'old', 'not yet');
  await sink.finish();
  t.equal(fs.readFileSync(file, 'utf8'), 'new\n');
  t.same(fs.readdirSync(folder), ['old.txt']);
  const failed = await openSink(file);
  await failed.write('half');
  const kept = await failed.giveUp();
  t.match(kept, /old\.txt\.\d+\.[\w-]+\.part$/);
  t.equal(fs.readFileSync(file, 'utf8'), 'new\n', 'the old one stays');
  t.equal(fs.readFileSync(kept.split(' are in ')[1]!, 'utf8'), 'half');
  const link = path.join(folder, 'link.txt');
  fs.symlinkSync(file, link);
  const linked = await openSink(link);
  await linked.write('linked');
  await linked.finish();
  t.equal(fs.readFileSync(file, 'utf8'), 'linked', 'a link is followed');
  t.ok(fs.lstatSync(link).isSymbolicLink());
});

t.test('a device is written as it is', async (t) => {
  const sink = await openSink('/dev/null');
  await sink.write('x');
  await sink.finish();
  t.ok(fs.statSync('/dev/null').isCharacterDevice());
  const missing = openSink('/nowhere/at/all');
  await t.rejects(missing, { message: 'cannot write /nowhere/at/all: no such file or directory' });
});

t.test('text for people is one harmless line', async (t) => {
  t.equal(plain('a\u001b[2Jb\nc\u202ed\u0000 '), 'a [2Jb c d');
  t.equal(plain('naïve 👩‍🚀'), 'naïve 👩‍🚀', 'joined emoji stay joined');
  t.equal(
    table([
      ['a', 'long', 'x'],
      ['bb', 'c', ''],
    ]),
    'a   long  x\nbb  c\n',
  );
});

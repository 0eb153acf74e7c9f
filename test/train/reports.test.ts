// Reports of runs: the JSON log, TensorBoard's event files to the byte, operations, curves.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { smooth, thin, ticks } from '../../dist/cli/training/plot/smooth.js';
import { clock } from '../../dist/cli/training/monitor.js';
import { native } from '../../dist/native.js';
import { updateFlops } from '../../dist/training/flops.js';
import { LogFile } from '../../dist/training/log-file.js';
import { TensorBoardWriter } from '../../dist/training/tensorboard.js';
import { expectError } from '../support/errors';

const step = (number: number) =>
  ({
    type: 'step',
    step: number,
    loss: 2.5,
    grad_norm: 1,
    learning_rate: 0.001,
    tokens: 100,
    seconds: 0.5,
    examples: 8 * number,
  }) as const;

t.test('the log: a line an event; what happens again is dropped', async (t) => {
  const file = path.join(t.testdir(), 'log.jsonl');
  const log = await LogFile.open(file, 0);
  await log.write({ type: 'run', begins_behind: 0 });
  for (const number of [1, 2, 3]) await log.report(step(number));
  await log.close();
  fs.appendFileSync(file, '{"type":"step","st');
  const again = await LogFile.open(file, 2);
  await again.report(step(3));
  await again.close();
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { type: string; step?: number });
  t.same(
    entries.map(({ type, step }) => `${type} ${step ?? ''}`),
    ['run ', 'step 1', 'step 2', 'step 3'],
  );
  t.match(entries[1], { loss: 2.5, learning_rate: 0.001, examples: 8, time: /^\d{4}-/ });
  const nowhere = path.join(t.testdirName, 'none', 'log.jsonl');
  await expectError(t, () => LogFile.open(nowhere, 0), 'ERR_IO', /Cannot write .*log\.jsonl/);
});

t.test('a record as TFRecord frames it', async (t) => {
  const framed = Buffer.from(native.frame_record(Buffer.from('123456789')));
  t.equal(framed.length, 8 + 4 + 9 + 4);
  t.equal(framed.readBigUInt64LE(0), 9n);
  t.equal(framed.subarray(12, 21).toString(), '123456789');
  // CRC32C of "123456789" is 0xE3069283, masked 0xC78AB0E5.
  t.equal(framed.readUInt32LE(21), 0xc78ab0e5);
});

/** The events of a file: each with its fields by number, nested messages as bytes. */
function eventsOf(file: string): Map<number, Buffer | number>[] {
  const bytes = fs.readFileSync(file);
  const events: Map<number, Buffer | number>[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const record = bytes.subarray(at + 12, at + 12 + length);
    t.same(Buffer.from(native.frame_record(record)), bytes.subarray(at, at + 16 + length));
    events.push(fieldsOf(record));
    at += 16 + length;
  }
  return events;
}

function fieldsOf(bytes: Buffer): Map<number, Buffer | number> {
  const fields = new Map<number, Buffer | number>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) fields.set(field, varint());
    else {
      const size = wire === 1 ? 8 : wire === 5 ? 4 : varint();
      fields.set(field, bytes.subarray(at, (at += size)));
    }
  }
  return fields;
}

t.test('TensorBoard: event files to the byte', async (t) => {
  const folder = path.join(t.testdir(), 'board');
  const board = await TensorBoardWriter.open(folder);
  t.match(path.basename(board.file), /^events\.out\.tfevents\.\d+\./);
  await board.scalars(5_000_000_000, { 'train/loss': 1.5, broken: NaN });
  await board.report(step(7));
  await board.report({ type: 'evaluate', step: 7, metrics: { accuracy: 0.75 } });
  await board.report({ type: 'done', step: 7, reason: 'max_steps', seconds: 1 });
  await board.close();
  const [version, scalar, trained, evaluated, ...rest] = eventsOf(board.file);
  t.same(rest, []);
  t.equal(String(version!.get(3)), 'brain.Event:2');
  t.ok((version!.get(1) as Buffer).readDoubleLE() > 1.7e9, 'seconds since 1970');
  t.equal(scalar!.get(2), 5_000_000_000);
  const value = fieldsOf(fieldsOf(scalar!.get(5) as Buffer).get(1) as Buffer);
  t.equal(String(value.get(1)), 'train/loss');
  t.equal((value.get(2) as Buffer).readFloatLE(), 1.5);
  t.equal(trained!.get(2), 7);
  for (const name of ['loss', 'grad_norm', 'learning_rate', 'tokens_per_second']) {
    t.ok((trained!.get(5) as Buffer).includes(`train/${name}`), name);
  }
  t.notOk((trained!.get(5) as Buffer).includes('mlm_loss'));
  t.ok((evaluated!.get(5) as Buffer).includes('eval/accuracy'));
});

t.test('operations of an update, counted by hand', async (t) => {
  const config = {
    embedding_size: 2,
    hidden_size: 4,
    intermediate_size: 8,
    num_hidden_layers: 3,
    vocab_size: 10,
  };
  // Two sequences of 5 tokens. A token: mapping 2·2·4, a layer 2·(4·16 + 2·32) + attention 4·5·4.
  const forward = 10 * (16 + 3 * (256 + 80)) + 2 * (2 * 8 + 2 * 20) + 2 * 32;
  t.equal(updateFlops(config, { tokens: 10, sequences: 2, masked: 2 }), 3 * forward);
});

t.test('curves: means, thinning, round numbers', async (t) => {
  const curve = { steps: [1, 2, 3, 4, 5], values: [1, 3, 5, 7, 9] };
  t.same(smooth(curve, 2).values, [1, 2, 4, 6, 8]);
  t.same(smooth(curve, 1), curve);
  t.same(thin(curve, 2).steps, [1, 4, 5]);
  t.same(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  t.same(ticks(3.9, 10.6, 5), [4, 6, 8, 10]);
  t.equal(clock(3723.4), '1:02:03');
});

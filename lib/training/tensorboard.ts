// Event files for TensorBoard: scalars of a run, framed as TFRecord.
import { open, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { AlbertError } from '../errors.js';
import { makeFolder } from '../folders.js';
import { native } from '../native.js';
import { line } from '../options.js';
import type { TrainingEvent, TrainingReporter } from './events.js';

/**
 * Writes the numbers of a run where TensorBoard finds them (`tensorboard --logdir`). Each process
 * writes a file of its own; TensorBoard joins those of a folder.
 *
 * @example
 * const board = await TensorBoardWriter.open('run/tensorboard');
 * new Trainer(model, { max_steps: 100, report_to: board });
 */
export class TensorBoardWriter implements TrainingReporter {
  /** The event file. */
  readonly file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** @throws (rejects) AlbertError `ERR_IO` where the folder cannot be written */
  static async open(directory: string): Promise<TensorBoardWriter> {
    await makeFolder(directory);
    const now = Math.floor(Date.now() / 1000);
    const name = `events.out.tfevents.${now}.${os.hostname()}.${process.pid}.0`;
    const file = path.join(directory, name);
    const writer = new this(file, await orFail(file, open(file, 'a')));
    await writer.#append(eventBytes({ wallTime: Date.now() / 1000, version: 'brain.Event:2' }));
    return writer;
  }

  /** Writes scalars of one update; what is not finite is left out. */
  async scalars(step: number, values: Record<string, number>): Promise<void> {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    if (finite.length === 0) return;
    await this.#append(eventBytes({ wallTime: Date.now() / 1000, step, values: finite }));
  }

  async report(event: TrainingEvent): Promise<void> {
    if (event.type === 'evaluate') {
      await this.scalars(event.step, prefixed('eval', event.metrics));
    } else if (event.type === 'step') {
      const { loss, mlm_loss, sop_loss, grad_norm, learning_rate, tokens, seconds } = event;
      const losses = { loss, ...(mlm_loss !== undefined && { mlm_loss, sop_loss }) };
      const speed = { tokens_per_second: tokens / seconds };
      const values = { ...losses, grad_norm, learning_rate, ...speed };
      await this.scalars(event.step, prefixed('train', values as Record<string, number>));
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #append(event: Uint8Array): Promise<void> {
    await orFail(this.file, this.#handle.write(native.frame_record(event)));
  }
}

async function orFail<Value>(file: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    const reason = line((cause as Error).message, 200);
    throw new AlbertError('ERR_IO', `Cannot write ${line(file, 200)}: ${reason}`, { cause });
  }
}

function prefixed(prefix: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`${prefix}/${name}`, value]),
  );
}

interface BoardEvent {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  version?: string;
  values?: [tag: string, value: number][];
}

// Wire types of protocol buffers.
const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/**
 * tensorflow.Event: 1 double wall_time, 2 int64 step, 3 string file_version, 5 Summary { repeated
 * 1 Value { 1 string tag, 2 float simple_value } }.
 */
function eventBytes({ wallTime, step = 0, version, values = [] }: BoardEvent): Uint8Array {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(wallTime);
  const parts = [tagged(1, fixed64), time];
  if (step !== 0) parts.push(tagged(2, varint), varintBytes(step));
  if (version !== undefined) parts.push(message(3, Buffer.from(version)));
  const summary = values.map(([tag, value]) => {
    const number = Buffer.alloc(4);
    number.writeFloatLE(value);
    return message(1, Buffer.concat([message(1, Buffer.from(tag)), tagged(2, fixed32), number]));
  });
  if (summary.length > 0) parts.push(message(5, Buffer.concat(summary)));
  return Buffer.concat(parts);
}

function tagged(field: number, wireType: number): Buffer {
  return varintBytes(field * 8 + wireType);
}

function message(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([tagged(field, lengthDelimited), varintBytes(bytes.length), bytes]);
}

/** Seven bits a byte, the lowest first; a set highest bit says that more follow. */
function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}

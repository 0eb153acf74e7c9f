// The log of a run: one JSON object a line, one line an event.
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { AlbertError } from '../errors.js';
import { writeAtomically } from '../hub-cache.js';
import { isRecord, line } from '../options.js';
import type { TrainingEvent, TrainingReporter } from './events.js';

/**
 * Appends events to a file of JSON lines.
 *
 * @example
 * const log = await LogFile.open('run/log.jsonl', 0);
 * new Trainer(model, { max_steps: 100, report_to: log });
 */
export class LogFile implements TrainingReporter {
  readonly #handle: FileHandle;
  readonly #file: string;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /**
   * Opens a log. What an earlier process logged behind the checkpoint that the run goes on from
   * happens again: those lines are dropped.
   *
   * @param step the update that the run goes on behind; 0 = it begins
   * @throws (rejects) AlbertError `ERR_IO`
   */
  static async open(file: string, step: number): Promise<LogFile> {
    try {
      await dropAfter(file, step);
      return new this(file, await open(file, 'a'));
    } catch (cause) {
      throw cannotWrite(file, cause);
    }
  }

  /** Writes any object as a line. */
  async write(entry: object): Promise<void> {
    try {
      await this.#handle.write(`${JSON.stringify(entry)}\n`);
    } catch (cause) {
      throw cannotWrite(this.#file, cause);
    }
  }

  async report(event: TrainingEvent): Promise<void> {
    const { type, ...rest } = event;
    const error = 'error' in event && event.error ? { error: event.error.message } : {};
    await this.write({ type, time: new Date().toISOString(), ...rest, ...error });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function cannotWrite(file: string, cause: unknown): AlbertError {
  if (cause instanceof AlbertError) return cause;
  const reason = line((cause as Error).message, 200);
  return new AlbertError('ERR_IO', `Cannot write ${line(file, 200)}: ${reason}`, { cause });
}

/** Keeps the lines up to an update; a line that a dying process left half goes as well. */
async function dropAfter(file: string, step: number): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').filter((one) => one !== '');
  const kept = lines
    .filter((one) => stepOf(one) <= step)
    .map((one) => `${one}\n`)
    .join('');
  if (kept !== text) await writeAtomically(file, (write) => write(Buffer.from(kept)));
}

function stepOf(text: string): number {
  try {
    const entry: unknown = JSON.parse(text);
    const step = isRecord(entry) ? entry['step'] : undefined;
    return typeof step === 'number' ? step : 0;
  } catch {
    return Infinity;
  }
}

// Where results go: standard output with back-pressure, or a file that appears when it is complete.
import fs from 'node:fs';
import { once } from 'node:events';
import { temporaryBeside } from '../hub-cache.js';
import { fileError } from './failures.js';

/** Takes text; resolves when more may come. */
export interface Sink {
  write(text: string): Promise<void>;
  /** Everything was written: the output is complete. */
  finish(): Promise<void>;
  /** Something failed; resolves to a sentence about what is left, or to "". */
  giveUp(): Promise<string>;
}

/** The sink for --output, or standard output. */
export async function openSink(file: string | undefined): Promise<Sink> {
  if (file === undefined) return standardOutput();
  try {
    return await openFile(file);
  } catch (error) {
    throw fileError('write', file, error);
  }
}

/** Ends the process quietly when the reader of a pipe has gone (`albert … | head`). */
export function exitWhenReaderIsGone(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`albert: ${fileError('write', 'standard output', error).message}\n`);
    process.exit(1);
  });
}

function standardOutput(): Sink {
  return {
    async write(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    },
    async finish() {},
    async giveUp() {
      return '';
    },
  };
}

async function openFile(file: string): Promise<Sink> {
  const target = await fs.promises.realpath(file).catch(() => file);
  const existing = await fs.promises.stat(target).catch(() => undefined);
  // A device or a pipe cannot be renamed onto: it is written as it is.
  const direct = existing !== undefined && !existing.isFile();
  const partial = direct ? target : temporaryBeside(target);
  const handle = await fs.promises.open(partial, direct ? 'w' : 'wx');
  let written = 0;
  return {
    async write(text) {
      try {
        written += (await handle.write(text)).bytesWritten;
      } catch (error) {
        throw fileError('write', file, error);
      }
    },
    async finish() {
      try {
        if (!direct) await handle.sync();
        await handle.close();
        if (!direct) await fs.promises.rename(partial, target);
      } catch (error) {
        throw fileError('write', file, error);
      }
    },
    async giveUp() {
      await handle.close();
      if (direct) return '';
      if (written > 0) return `the results before it are in ${partial}`;
      await fs.promises.unlink(partial);
      return '';
    },
  };
}

// Puts a file into the cache exactly once: lock, temporary file, fsync, rename.
import { access, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AlbertError } from './errors.js';
import { makeFolder } from './folders.js';
import { line } from './options.js';

/** Writes the content of a file that is being put into the cache. */
export type Writer = (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>;

// A living holder touches its lock this often; a lock untouched for so long was left by a dead one.
const heartbeatMs = 2_000;
const staleMs = 15_000;
const pollMs = 100;

/** Whether there is a file. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Makes sure that `file` is in the cache: of several processes that want it, one runs `fill`, the
 * others wait. A process that dies meanwhile leaves no half file, and its lock is taken over.
 *
 * @returns whether this call filled it
 */
export async function putOnce(file: string, fill: Writer, signal?: AbortSignal): Promise<boolean> {
  if (await exists(file)) return false;
  await makeFolder(path.dirname(file));
  const unlock = await lock(`${file}.lock`, signal);
  try {
    if (await exists(file)) return false;
    await writeAtomically(file, fill);
    return true;
  } finally {
    await unlock();
  }
}

/** The name of a temporary file beside another: nobody else has it, on no machine. */
export function temporaryBeside(file: string): string {
  return `${file}.${process.pid}.${crypto.randomUUID()}.part`;
}

/** Writes a file through a temporary one beside it: readers see all of it or none. */
export async function writeAtomically(file: string, fill: Writer): Promise<void> {
  const temporary = temporaryBeside(file);
  const handle = await ioError(file, open(temporary, 'wx'));
  try {
    try {
      await fill(async (chunk) => {
        for (let at = 0; at < chunk.length; ) {
          at += (await ioError(file, handle.write(chunk, at))).bytesWritten;
        }
      });
      await ioError(file, handle.sync());
    } finally {
      await handle.close();
    }
    await ioError(file, rename(temporary, file));
    await syncDirectory(path.dirname(file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a rename durable, where the file system can open a directory for it. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => undefined);
  if (!handle) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** Takes a lock file, waiting for its holder; returns what gives it back. */
async function lock(file: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    signal?.throwIfAborted();
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw cannotWrite(file, error);
    });
    if (handle) {
      await handle.close();
      return holdLock(file);
    }
    await waitForHolder(file, signal);
  }
}

function holdLock(file: string): () => Promise<void> {
  const beat = setInterval(() => {
    const now = new Date();
    // A lock that vanished was taken over: the worst that follows is a second download.
    utimes(file, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return async () => {
    clearInterval(beat);
    await rm(file, { force: true });
  };
}

/** Waits a moment for a lock's holder, or clears the lock away where the holder is dead. */
async function waitForHolder(file: string, signal?: AbortSignal): Promise<void> {
  const held = await stat(file).catch(() => undefined);
  // Two waiters may both clear it, and then both download: each renames a whole file into place.
  if (held && Date.now() - held.mtimeMs > staleMs) await rm(file, { force: true });
  else if (held) await sleep(pollMs, undefined, signal ? { signal } : {});
}

async function ioError<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw cannotWrite(file, cause as Error);
  }
}

function cannotWrite(file: string, cause: Error): AlbertError {
  const message = `Cannot write ${line(file, 200)}: ${line(cause.message, 200)}`;
  return new AlbertError('ERR_IO', message, { cause });
}

// Makes folders one by one: under /proc, Node's recursive mkdir tries without end.
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AlbertError } from './errors.js';
import { line } from './options.js';

/**
 * Makes a folder and those it lies in, where they are missing.
 *
 * @throws (rejects) AlbertError `ERR_IO` with the path and the reason
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    for (const missing of await missingFolders(path.resolve(folder))) await makeOne(missing);
  } catch (cause) {
    const reason = line((cause as Error).message, 200);
    throw new AlbertError('ERR_IO', `Cannot make ${line(folder, 200)}: ${reason}`, { cause });
  }
}

/** What has to be made, outermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; ; at = path.dirname(at)) {
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found && !found.isDirectory()) throw new Error(`${at} is no folder`);
    if (found) return missing.reverse();
    missing.push(at);
    if (path.dirname(at) === at) return missing.reverse();
  }
}

/** Makes one folder; another process may have been faster. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const there = await stat(folder).catch(() => undefined);
    if (!there?.isDirectory()) throw error;
  }
}

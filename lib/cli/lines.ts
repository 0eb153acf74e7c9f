// Reads lines of text from a file or standard input as a stream.
import { addAbortSignal, type Readable } from 'node:stream';
import fs from 'node:fs';
import { type Line, lineGroups } from '../text-lines.js';
import { fileError } from './failures.js';

export type { Line } from '../text-lines.js';

/** Where lines come from. */
export interface LineSource {
  /** How messages name it. */
  name: string;
  stream: Readable;
  /** Bytes in total, where known. */
  size?: number;
}

/** Opens a file, or standard input for "-"; an abort ends the stream. */
export async function openLines(file: string, signal: AbortSignal): Promise<LineSource> {
  if (file === '-') {
    return { name: 'standard input', stream: addAbortSignal(signal, process.stdin) };
  }
  try {
    const handle = await fs.promises.open(file);
    const stats = await handle.stat();
    const source = { name: file, stream: handle.createReadStream({ signal }) };
    return stats.isFile() ? { ...source, size: stats.size } : source;
  } catch (error) {
    throw fileError('read', file, error);
  }
}

/**
 * The lines of a source, in groups as they arrive (so that a slow pipe is answered at once).
 *
 * @param onBytes called with the size of each chunk read.
 */
export function readLines(
  source: LineSource,
  onBytes: (count: number) => void,
): AsyncGenerator<Line[]> {
  return lineGroups(chunksOf(source, onBytes), source.name);
}

async function* chunksOf(
  source: LineSource,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source.stream) {
      onBytes((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw fileError('read', source.name, error);
  }
}

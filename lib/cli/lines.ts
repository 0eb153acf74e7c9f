// Reads lines of text from a file or standard input as a stream.
import { addAbortSignal, type Readable } from 'node:stream';
import fs from 'node:fs';
import { fileError } from './failures.js';

/** One line without its end; `number` counts from 1. */
export interface Line {
  number: number;
  text: string;
}

/** Where lines come from. */
export interface LineSource {
  /** How messages name it. */
  name: string;
  stream: Readable;
  /** Bytes in total, where known. */
  size?: number;
}

// No line of text is that long; a binary file without line ends must not fill the memory.
const longestLine = 1 << 26;

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
 * The lines of a source, in groups as they arrive (so that a slow pipe is answered at once). A line
 * ends at LF or CRLF; invalid UTF-8 becomes U+FFFD; a byte order mark is dropped.
 *
 * @param onBytes called with the size of each chunk read.
 */
export async function* readLines(
  source: LineSource,
  onBytes: (count: number) => void,
): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let number = 0;
  const toLine = (text: string): Line => {
    return { number: ++number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  };
  let rest = '';
  for await (const chunk of chunksOf(source)) {
    onBytes(chunk.length);
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    parts[0] = rest + parts[0];
    rest = parts.pop()!;
    if (rest.length > longestLine) {
      throw new Error(`${source.name}:${number + parts.length + 1}: a line of over 64 MiB`);
    }
    if (parts.length > 0) yield parts.map(toLine);
  }
  rest += decoder.decode();
  if (rest !== '') yield [toLine(rest)];
}

async function* chunksOf(source: LineSource): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source.stream) yield chunk as Uint8Array;
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw fileError('read', source.name, error);
  }
}

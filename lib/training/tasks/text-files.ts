// Reads the text files of data sets as streams of lines, rows and objects, with one clear error.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse';
import { AlbertError } from '../../errors.js';
import { isRecord, line as oneLine } from '../../options.js';
import { lineGroups, type Line } from '../../text-lines.js';

/** A line of a data file that cannot be used. */
export function dataError(file: string, line: number, message: string): AlbertError {
  return new AlbertError('ERR_FORMAT', `${oneLine(file, 200)}:${line}: ${message}`);
}

/**
 * The lines of a text file, read as a stream.
 *
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_IO`, and `ERR_FORMAT` for a binary file
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  for await (const lines of lineGroups(chunksOf(file), file)) {
    for (const line of lines) {
      if (line.text.includes('\0')) {
        throw dataError(file, line.number, 'the file is no text: it holds a NUL byte');
      }
      yield line;
    }
  }
}

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (cause) {
    throw cannotRead(file, cause as NodeJS.ErrnoException);
  }
}

function cannotRead(file: string, cause: NodeJS.ErrnoException): AlbertError {
  const absent = cause.code === 'ENOENT';
  const reason = absent ? 'there is no such file' : oneLine(cause.message, 200);
  const message = `Cannot read ${oneLine(file, 200)}: ${reason}`;
  return new AlbertError(absent ? 'ERR_NOT_FOUND' : 'ERR_IO', message, { cause });
}

/** One row of a table, as cells from left to right; `number` is that of its (last) line. */
export interface Row {
  number: number;
  cells: string[];
}

/** Rows of tab-separated text. A quote is a character like any other: these files hold odd ones. */
export async function* readTsv(file: string): AsyncGenerator<Row> {
  for await (const { number, text } of readLines(file)) {
    if (text !== '') yield { number, cells: text.split('\t') };
  }
}

/** Rows of comma-separated values by RFC 4180: a quoted cell may hold commas and line ends. */
export async function* readCsv(file: string): AsyncGenerator<Row> {
  const source = createReadStream(file);
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  source.on('error', (error) => parser.destroy(cannotRead(file, error)));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      yield { number: info.lines, cells: record };
    }
  } catch (cause) {
    if (cause instanceof AlbertError) throw cause;
    throw dataError(file, parser.info.lines, oneLine((cause as Error).message, 200));
  } finally {
    source.destroy();
  }
}

interface CsvRecord {
  record: string[];
  info: { lines: number };
}

/** The objects of JSON lines; blank lines are skipped. */
export async function* readJsonLines(
  file: string,
): AsyncGenerator<{ number: number; fields: Record<string, unknown> }> {
  for await (const { number, text } of readLines(file)) {
    if (text.trim() === '') continue;
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch (error) {
      throw dataError(file, number, `expected a JSON object: ${(error as Error).message}`);
    }
    if (!isRecord(fields)) throw dataError(file, number, 'expected a JSON object on each line');
    yield { number, fields };
  }
}

/** A file that is one JSON value. */
export async function readJsonFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw cannotRead(file, cause as NodeJS.ErrnoException);
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const message = `${oneLine(file, 200)} is no JSON: ${oneLine((error as Error).message, 200)}`;
    throw new AlbertError('ERR_FORMAT', message, { cause: error });
  }
}

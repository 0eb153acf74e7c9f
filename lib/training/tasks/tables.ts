// Tables with named columns, from TSV, CSV or JSON lines: what tasks with column options read.
import path from 'node:path';
import { AlbertError } from '../../errors.js';
import { line, nearest } from '../../options.js';
import { dataError, readCsv, readJsonLines, readTsv } from './text-files.js';

/** One row by the names of its columns. */
export interface NamedRow {
  file: string;
  number: number;
  values: ReadonlyMap<string, unknown>;
}

const tabular: Record<string, typeof readTsv> = { '.tsv': readTsv, '.csv': readCsv };
const jsonLines = ['.jsonl', '.json', '.ndjson'];

/** The endings of files that {@link readTable} can read. */
export const tableEndings: readonly string[] = [...Object.keys(tabular), ...jsonLines];

/**
 * The rows of a .tsv, .csv or .jsonl file.
 *
 * @param header whether the first row of a .tsv or .csv names the columns; else they are 0, 1, 2 …
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_IO`, `ERR_FORMAT`
 */
export async function* readTable(file: string, header = true): AsyncGenerator<NamedRow> {
  const ending = path.extname(file).toLowerCase();
  const read = tabular[ending];
  if (read) yield* readTabular(file, read(file), header);
  else if (jsonLines.includes(ending)) {
    for await (const { number, fields } of readJsonLines(file)) {
      yield { file, number, values: new Map(Object.entries(fields)) };
    }
  } else {
    const known = tableEndings.join(', ');
    const message = `${line(file, 200)}: expected a file that ends in one of ${known}`;
    throw new AlbertError('ERR_FORMAT', message);
  }
}

async function* readTabular(
  file: string,
  rows: ReturnType<typeof readTsv>,
  header: boolean,
): AsyncGenerator<NamedRow> {
  let names: string[] | undefined;
  for await (const { number, cells } of rows) {
    if (header && names === undefined) {
      names = cells;
      continue;
    }
    if (names !== undefined && cells.length !== names.length) {
      const expected = `${names.length} cells as the header has`;
      throw dataError(file, number, `expected ${expected}, got ${cells.length}`);
    }
    const entries = cells.map((cell, i): [string, string] => [names?.[i] ?? String(i), cell]);
    yield { file, number, values: new Map(entries) };
  }
}

/**
 * A cell as text. Numbers of JSON are written out.
 *
 * @throws AlbertError `ERR_FORMAT` for a column that is not there, with the likely name
 */
export function textOf(row: NamedRow, column: string): string {
  const value = valueOf(row, column);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw dataError(row.file, row.number, `column ${line(column)}: expected a text`);
}

/** A cell as it is. @throws AlbertError `ERR_FORMAT` for a column that is not there */
export function valueOf({ file, number, values }: NamedRow, column: string): unknown {
  if (values.has(column)) return values.get(column);
  const names = [...values.keys()];
  const near = nearest(column, names);
  const hint =
    near === undefined
      ? `it has ${names.map((n) => line(n)).join(', ')}`
      : `did you mean ${line(near)}?`;
  throw dataError(file, number, `there is no column ${line(column)}: ${hint}`);
}

// What the commands read: texts from arguments, lines and JSON objects, as typed items.
import { UsageError } from './failures.js';

/** The fields of a JSON object on an input line. */
export type Fields = Record<string, unknown>;

/** A line that cannot be read as the command needs it; the caller adds where it is. */
export class LineError extends Error {}

/** The object on a line of JSONL, or undefined where the line is plain text. */
export function parseObject(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Fields;
  } catch (error) {
    const reason = (error as Error).message;
    throw new LineError(`a line that starts with { must be a JSON object: ${reason}`);
  }
}

/** A field that must be a string. */
export function stringField(fields: Fields, name: string, example: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  const what = value === undefined ? 'is missing' : 'must be a string';
  throw new LineError(`"${name}" ${what}: write ${example}`);
}

/** A field that may be absent. */
export function optionalField(fields: Fields, name: string, example: string): string | undefined {
  return fields[name] === undefined ? undefined : stringField(fields, name, example);
}

/** A field that must be an array of strings. */
export function stringsField(fields: Fields, name: string, example: string): string[] {
  const value = fields[name];
  const fits = Array.isArray(value) && value.length > 0;
  if (fits && value.every((entry) => typeof entry === 'string')) return value as string[];
  throw new LineError(`"${name}" must be an array of strings: write ${example}`);
}

/** An option that a plain text needs to be complete. */
export function required<Value>(value: Value | undefined, option: string): Value {
  if (value !== undefined) return value;
  throw new UsageError(`${option} is missing: give it, or read JSON objects with --input`);
}

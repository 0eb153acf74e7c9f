// Checks option objects: unknown names get a suggestion, wrong types and values a clear error.
import { types } from 'node:util';

/** Checks one option's value; `name` says where it is from, for the message. */
export type OptionCheck = (value: unknown, name: string) => void;

/** The options a call knows, and how each is checked. */
export type OptionSchema = Readonly<Record<string, OptionCheck>>;

/** A text for messages: one line of at most `most` characters, control characters escaped. */
export function line(text: string, most = 40): string {
  const head = text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  const kept = text.length > most ? `${head}…` : text;
  return kept.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A short rendering of a value for error messages: never longer than a line. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${line(value)}'`;
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return showObject(value);
  if (typeof value === 'function') return 'a function';
  return line(typeof value === 'bigint' ? `${value}n` : String(value));
}

function showObject(value: object): string {
  try {
    if (Array.isArray(value)) return 'an array';
    const name: unknown = value.constructor?.name;
    return `an object (${typeof name === 'string' ? line(name) : 'no prototype'})`;
  } catch {
    // A proxy or a getter that throws: its error would stand in for the one that is being told.
    return 'an object (unreadable)';
  }
}

function wrongType(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name}: expected ${expected}, got ${show(value)}`);
}

/** Accepts true and false. */
export const boolean: OptionCheck = (value, name) => {
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
};

/** Accepts any string. */
export const string: OptionCheck = (value, name) => {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
};

/** Accepts strings with at least one character. */
export const nonEmptyString: OptionCheck = (value, name) => {
  string(value, name);
  if (value === '') throw new RangeError(`${name}: expected a string that is not empty`);
};

/** Accepts functions. */
export const callback: OptionCheck = (value, name) => {
  if (typeof value !== 'function') throw wrongType(name, 'a function', value);
};

/** Accepts AbortSignals. */
export const abortSignal: OptionCheck = (value, name) => {
  if (!(value instanceof AbortSignal)) throw wrongType(name, 'an AbortSignal', value);
};

/** Accepts arrays; what is inside is checked where it is read. */
export const array: OptionCheck = (value, name) => {
  if (!Array.isArray(value)) throw wrongType(name, 'an array', value);
};

/** Accepts arrays of strings. */
export const strings: OptionCheck = (value, name) => {
  if (!Array.isArray(value)) throw wrongType(name, 'an array of strings', value);
  // entries() visits holes, too, which forEach skips.
  for (const [i, one] of value.entries()) string(one, `${name}[${i}]`);
};

/** Accepts finite numbers from `least` to `most`. */
export function number(least = -Infinity, most = Infinity): OptionCheck {
  return (value, name) => {
    if (typeof value !== 'number') throw wrongType(name, 'a number', value);
    if (!Number.isFinite(value) || value < least || value > most) {
      throw new RangeError(`${name}: expected a number ${range(least, most)}, got ${value}`);
    }
  };
}

/** Accepts integers from `least` to `most`. */
export function integer(least = 0, most = Number.MAX_SAFE_INTEGER): OptionCheck {
  return (value, name) => {
    if (typeof value !== 'number') throw wrongType(name, 'an integer', value);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name}: expected an integer ${range(least, most)}, got ${value}`);
    }
  };
}

/** Accepts the listed values; a near miss among strings gets a suggestion. */
export function oneOf(...allowed: readonly (string | boolean)[]): OptionCheck {
  const types = new Set(allowed.map((value) => typeof value));
  const listed = allowed.map(show).join(', ');
  return (value, name) => {
    if (allowed.includes(value as string)) return;
    if (!types.has(typeof value as 'string')) throw wrongType(name, `one of ${listed}`, value);
    throw new RangeError(`${name}: expected one of ${listed}, got ${show(value)}`);
  };
}

function range(least: number, most: number): string {
  if (most === Infinity || most === Number.MAX_SAFE_INTEGER) {
    return least === -Infinity ? 'that is finite' : `of at least ${least}`;
  }
  return `from ${least} to ${most}`;
}

/**
 * Checks an option object against a schema. Absent and `undefined` options pass.
 *
 * @param where the call whose options these are, for messages
 * @throws TypeError for no object, unknown options and wrong types; RangeError for wrong values
 *
 * @example
 * checkOptions('fill-mask', { top_k: 5 }, { top_k: integer(1), targets: array });
 */
export function checkOptions(where: string, options: unknown, schema: OptionSchema): void {
  if (options === undefined) return;
  if (!isPlainObject(options)) throw wrongType(`${where}: options`, 'a plain object', options);
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (!check) throw unknownOption(where, name, Object.keys(schema));
    if (value !== undefined) check(value, `${where}: ${name}`);
  }
}

/** Whether a value is an object whose properties can be options (no array, no view, not null). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && !types.isPromise(value);
}

/** Whether a value was made by `{}` or without a prototype: no array, Map, Date or the like. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || types.isModuleNamespaceObject(value)) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // Object.prototype is the one without a prototype of its own, in whichever realm it was made.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The error for an option (or another named thing) nobody knows. */
export function unknownOption(
  where: string,
  name: string,
  known: readonly string[],
  what = 'option',
): TypeError {
  const near = nearest(name, known);
  const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`;
  return new TypeError(`${where}: unknown ${what} ${show(name)}, ${hint}`);
}

/** The known name closest to what was written, if it is close enough to be meant. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[_\- ]/g, '');
  let best: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(plain(written.slice(0, 64)), plain(name));
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; ++i) {
    const current = [i];
    for (let j = 1; j <= b.length; ++j) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

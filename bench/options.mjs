// Command lines of the benches: options with values that are checked, and --help.
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Option
 * @property {string} help
 * @property {string} [value] what stands for its value in the help; absent = a flag
 * @property {unknown} [fallback]
 * @property {(text: string, name: string) => unknown} [read] turns the text into the value
 */

/**
 * Reads process.argv; prints the help and ends the process where it is asked for, and ends it with
 * status 2 for a command line that makes no sense.
 *
 * @param {string} command as a user types it
 * @param {string} summary
 * @param {Record<string, Option>} options
 */
export function readOptions(command, summary, options) {
  const known = { ...options, help: { help: 'print this help' } };
  try {
    const types = Object.entries(known).map(([name, { value }]) => {
      return [name, { type: value === undefined ? 'boolean' : 'string' }];
    });
    const { values } = parseArgs({ options: Object.fromEntries(types), strict: true });
    if (values.help) {
      console.log(helpText(command, summary, known));
      process.exit(0);
    }
    return Object.fromEntries(Object.entries(options).map((entry) => readOne(entry, values)));
  } catch (error) {
    console.error(`${error.message}\nsee ${command} --help`);
    process.exit(2);
  }
}

function readOne([name, { value, fallback, read }], values) {
  const given = values[name];
  if (value === undefined) return [name, given ?? false];
  if (given === undefined) return [name, fallback];
  return [name, read === undefined ? given : read(given, name)];
}

function helpText(command, summary, options) {
  const lines = Object.entries(options).map(([name, { value, help }]) => {
    return `  ${`--${name}${value === undefined ? '' : ` ${value}`}`.padEnd(22)} ${help}`;
  });
  return `usage: ${command} [options]\n\n${summary}\n\n${lines.join('\n')}`;
}

/** Reads an integer from 1 on. */
export function positive(text, name) {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new RangeError(`--${name}: expected an integer from 1 on, got '${text}'`);
}

/** Reads a number of seconds or more than nothing of anything. */
export function amount(text, name) {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new RangeError(`--${name}: expected a number above 0, got '${text}'`);
}

/** Reads names between commas, each from a list. */
export function someOf(names) {
  return (text, option) => {
    const chosen = text.split(',').map((name) => name.trim());
    const unknown = chosen.find((name) => !names.includes(name));
    if (unknown === undefined) return chosen;
    throw new RangeError(`--${option}: '${unknown}' is none of ${names.join(', ')}`);
  };
}

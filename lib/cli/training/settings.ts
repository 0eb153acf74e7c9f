// Options as tables: name, value, meaning; what is not given stays undefined, its default is told.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { oneOf } from '../values.js';

/** One option: `--name <value>`. */
export interface Setting {
  name: string;
  /** What stands for the value in the help, 'flag' for true or false. */
  value: string;
  about: string;
  /** The default, as the help tells it. */
  preset?: string;
  /** Reads the value; absent = a string, or one of `choices`. */
  read?: (text: string, earlier?: never) => unknown;
  choices?: string[];
}

/** Options that the help shows under a heading. */
export interface SettingGroup {
  title: string;
  settings: readonly Setting[];
}

/**
 * Adds the options of some groups to a command.
 *
 * @param presets defaults that this command tells instead, by name
 */
export function addSettings(
  command: Command,
  groups: readonly SettingGroup[],
  presets: Record<string, string> = {},
): void {
  for (const { title, settings } of groups) {
    for (const setting of settings) {
      const preset = presets[setting.name] ?? setting.preset;
      const own = preset === undefined ? setting : { ...setting, preset };
      command.addOption(optionOf(own).helpGroup(`${title}:`));
    }
  }
}

function optionOf({ name, value, about, preset, read, choices }: Setting): Option {
  const text = preset === undefined ? about : `${about} (default: ${preset})`;
  if (value === 'flag') {
    // Without a value it is true.
    return new Option(`--${name} [bool]`, text).argParser((written: string) => flag(written));
  }
  if (choices) return oneOf(`--${name} <${value}>`, text, choices);
  const option = new Option(`--${name} <${value}>`, text);
  return read ? option.argParser(read as (text: string) => unknown) : option;
}

/** The options of a group that were given, by name. */
export function givenOptions(
  groups: readonly SettingGroup[],
  options: Record<string, unknown>,
): Record<string, unknown> {
  const names = groups.flatMap(({ settings }) => settings.map(({ name }) => name));
  const given = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

/** true or false. */
function flag(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new InvalidArgumentError('Expected true or false.');
}

/** A reader of numbers in a range. */
export function between(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const finite = text.trim() !== '' && Number.isFinite(value);
    if (finite && value >= least && value <= most) return value;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a number ${range}.`);
  };
}

/** A share: a part, neither nothing nor all. */
export function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a number above 0 and below 1.');
}

/** A reader of whole numbers in a range. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const known = most === Number.MAX_SAFE_INTEGER;
    const range = known ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

// Reads the values of options; a wrong one ends the command with exit code 2.
import { InvalidArgumentError, Option } from 'commander';

/** An integer of at least 1. */
export function positive(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of at least 1.');
}

/** A number of threads. */
export function threads(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1024) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1 to 1024.');
}

/** The name of a file; an empty one is a variable that was not set. */
export function fileName(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected the name of a file.');
}

/** A directory, file or hub id of a model. */
export function modelSource(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a model directory or a Hugging Face hub id.');
}

/** An integer of at least 0. */
export function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}

/** An integer of at least 1, or "all". */
export function topKOrAll(text: string): number | 'all' {
  return text === 'all' ? text : positive(text);
}

/** Words separated by commas. */
export function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Gathers an option that is given several times. */
export function collect(text: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), text];
}

/** The name of a device. */
export function device(text: string): string {
  if (/^(auto|cpu|cuda|cuda:\d+|reference)$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected auto, cpu, cuda, cuda:0 (or another number), reference.',
  );
}

/** An option with a fixed set of values. */
export function oneOf(flags: string, about: string, choices: string[], preset?: string): Option {
  const option = new Option(flags, about).choices(choices);
  return preset === undefined ? option : option.default(preset);
}

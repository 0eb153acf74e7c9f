// What pipelines take: a text, a pair of texts, or an array of them; checked.
import { isRecord, show } from '../options.js';
import type { Texts } from '../sequences.js';

/** A text, or a text with a second one, as sentence-pair tasks (entailment, paraphrase) need. */
export type TextOrPair = string | { text: string; text_pair?: string };

export type { Texts } from '../sequences.js';

/** Inputs as an array, and whether the caller gave a single one. */
export interface Checked<Input> {
  texts: Input[];
  single: boolean;
}

/** Checks texts and pairs. @throws TypeError */
export function checkTexts(task: string, input: unknown): Checked<Texts> {
  return checkInputs(input, (value, name) => toTexts(task, value, name));
}

/** Checks plain texts. @throws TypeError */
export function checkStrings(task: string, input: unknown): Checked<string> {
  return checkInputs(input, (value, name) => checkString(value, `${task}: ${name}`));
}

/** Applies a check to a single input, or to each of an array with its index in the name. */
export function checkInputs<Input>(
  input: unknown,
  check: (value: unknown, name: string) => Input,
): Checked<Input> {
  if (!Array.isArray(input)) return { texts: [check(input, 'text')], single: true };
  // Array.from visits holes, too, which map skips.
  return { texts: Array.from(input, (value, i) => check(value, `texts[${i}]`)), single: false };
}

/** A string, or a TypeError that names what was given instead. */
export function checkString(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${name}: expected a string, got ${show(value)}`);
}

function toTexts(task: string, value: unknown, name: string): Texts {
  if (!isRecord(value)) return { text: checkString(value, `${task}: ${name}`) };
  const text = checkString(value.text, `${task}: ${name}.text`);
  if (value.text_pair === undefined) return { text };
  return { text, text_pair: checkString(value.text_pair, `${task}: ${name}.text_pair`) };
}

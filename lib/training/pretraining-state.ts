// Whether a saved position still means the same: settings, files and vocabulary, one by one.
import type { NativeStreamDescription } from '../native.js';
import { isRecord, line, show } from '../options.js';

const integers = ['pass', 'block', 'file', 'offset', 'line', 'documents', 'index'] as const;
const flags = ['inside', 'wanted'] as const;

/**
 * Says how a saved state differs from what a dataset is now; undefined where nothing differs.
 *
 * @throws TypeError for what is no state
 */
export function differenceOf(state: unknown, now: NativeStreamDescription): string | undefined {
  const saved = readState(state);
  return (
    differentSetting(saved.settings, now.settings) ??
    differentFile(saved.files, now.files) ??
    (saved.vocabulary === now.vocabulary ? undefined : 'the vocabulary is another one')
  );
}

function differentSetting(
  saved: Record<string, string>,
  now: Record<string, string>,
): string | undefined {
  const name = Object.keys(now).find((name) => saved[name] !== now[name]);
  if (name === undefined) return undefined;
  return `${name} was ${line(String(saved[name]))}, now it is ${now[name]}`;
}

type Files = NativeStreamDescription['files'];

function differentFile(saved: Files, now: Files): string | undefined {
  if (saved.length !== now.length) return `there were ${saved.length} files, now ${now.length}`;
  for (const [i, file] of now.entries()) {
    const { name, bytes, checksum } = saved[i] ?? {};
    const which = `file ${i + 1} of ${now.length}`;
    if (name !== file.name) return `${which} was ${line(String(name))}, now it is ${file.name}`;
    if (bytes !== file.bytes) {
      return `${which} (${file.name}) had ${bytes} bytes, now it has ${file.bytes}`;
    }
    if (checksum !== file.checksum) return `${which} (${file.name}) has other contents`;
  }
  return undefined;
}

function readState(state: unknown): NativeStreamDescription {
  const { version, position, settings, files, vocabulary } = isRecord(state) ? state : {};
  const isState =
    version === 1 &&
    isPosition(position) &&
    isRecord(settings) &&
    Array.isArray(files) &&
    typeof vocabulary === 'number';
  if (isState) return state as unknown as NativeStreamDescription;
  const expected = 'what PretrainingDataset.state() gave, version 1';
  throw new TypeError(`PretrainingDataset.restore: expected ${expected}, got ${show(state)}`);
}

function isPosition(position: unknown): boolean {
  if (!isRecord(position)) return false;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  return (
    integers.every((name) => isCount(position[name])) &&
    flags.every((name) => typeof position[name] === 'boolean')
  );
}

// Expects failures: exactly one clear error with the right name and code.
import type { Test } from 'tap';
import { AlbertError, type AlbertErrorCode } from '../../dist/index.js';

/** What an error must be. */
export type Kind = AlbertErrorCode | 'RangeError' | 'TypeError' | 'AbortError';

function nameOf(error: unknown): string {
  if (error instanceof AlbertError) return error.code;
  return error instanceof Error ? error.name : String(error);
}

/** Expects work to fail with a kind of error whose message is one line that says something. */
export async function expectError(
  t: Test,
  work: () => unknown,
  kind: Kind,
  message: RegExp,
  what = String(message),
): Promise<void> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    const text = (error as Error).message;
    const clear = text.length > 10 && text.length < 1000 && !text.includes('\n');
    t.match({ kind: nameOf(error), clear, text }, { kind, clear: true, text: message }, what);
    return;
  }
  t.fail(`${what}: expected ${kind}, got a result`, { result: String(result) });
}

/** The warnings of the package that work causes. */
export async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const messages: string[] = [];
  const listen = (warning: Error): void => {
    if (warning.name === 'AlbertWarning') messages.push(warning.message);
  };
  process.on('warning', listen);
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return messages;
}

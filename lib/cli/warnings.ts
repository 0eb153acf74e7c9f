// Warnings on standard error: one line each, and only those that a user can act on.
import { info } from '../info.js';
import { oneLine } from './failures.js';
import { plain } from './format.js';

// A checkpoint of pretraining holds every head: that a task leaves some aside is as it should be.
const unusedTensors =
  /The checkpoint holds tensors that this model does not use: .*?\.(?= [A-Z]|$)/;

/** Prints the warnings of this process from now on; `verbose` also those about unused tensors. */
export function showWarnings(verbose: boolean): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    const text = oneLine(warning);
    const shown = verbose ? text : withoutUnused(text);
    if (shown !== undefined) printWarning(shown);
  });
}

/** A warning without its sentence about unused tensors; undefined where it says nothing else. */
export function withoutUnused(message: string): string | undefined {
  if (!unusedTensors.test(message)) return message;
  const rest = message.replace(unusedTensors, '').trim();
  return rest.endsWith(':') ? undefined : rest;
}

/** Says so where the variable ALBERT_THREADS has a value that the engine cannot take. */
export function warnAboutThreads(): void {
  const [ignored] = /ALBERT_THREADS=".*" is ignored.*/s.exec(info().threads.reason) ?? [];
  if (ignored !== undefined) printWarning(plain(ignored));
}

function printWarning(text: string): void {
  process.stderr.write(`albert: warning: ${text}\n`);
}

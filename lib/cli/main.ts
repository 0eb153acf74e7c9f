#!/usr/bin/env node
// The albert command: runs the program and turns whatever goes wrong into a line and an exit code.
import { CommanderError } from 'commander';
import { exitCodeOf, oneLine } from './failures.js';
import { buildProgram } from './program.js';
import { exitWhenReaderIsGone } from './sink.js';
import { showWarnings } from './warnings.js';

async function main(): Promise<void> {
  exitWhenReaderIsGone();
  showWarnings(false);
  try {
    await buildProgram().parseAsync();
  } catch (error) {
    // Commander has printed its own errors already.
    if (!(error instanceof CommanderError)) {
      process.stderr.write(`albert: ${oneLine(error)}\n`);
    }
    const code = exitCodeOf(error);
    // Work that was under way must not hold up the end; what was printed must still get out.
    if (code !== 0) process.stdout.write('', () => process.exit(code));
  }
}

void main();

// What the command line says when something goes wrong: one line, and an exit code.
import { CommanderError } from 'commander';

/** The command was called wrongly; the process ends with exit code 2. */
export class UsageError extends Error {}

/** A signal (Ctrl-C, kill) ended the command. */
export class Interrupted extends Error {
  /** @param left what stays behind, if anything does */
  constructor(
    readonly exitCode: number,
    left = '',
  ) {
    super(left === '' ? 'interrupted' : `interrupted (${left})`);
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a directory',
  ENOTDIR: 'part of the path is not a directory',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
};

/** "cannot read x.txt: no such file or directory", from the error of a file operation. */
export function fileError(action: 'read' | 'write', file: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = (code && reasons[code]) ?? message;
  return new Error(`cannot ${action} ${file}: ${reason}`, { cause });
}

/** The message of anything thrown, on one line. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}

/** 2 for wrong usage, 130 and 143 for signals, else 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) return 2;
  return error instanceof Interrupted ? error.exitCode : 1;
}

// The text of every source file of the repository, for the checks of layout and budgets.
import fs from 'node:fs';
import path from 'node:path';

/** A source file; `file` is relative to the repository's root, with forward slashes. */
export interface Source {
  file: string;
  text: string;
}

/** Says where a rule is broken: "native/core/error.h:12: what is wrong". */
export type Violation = string;

export const root = path.join(__dirname, '../..');

const folders = ['native', 'lib', 'test', 'bench', '.ci'];
const rootFiles = ['CMakeLists.txt', '.taprc'];
const isSource = /(\.(h|cc|cu|cuh|ts|mts|cts|js|mjs|cjs|py|sh)|\/CMakeLists\.txt|^\.ci\/run)$/;
const isSkipped = /(^|\/)(node_modules|dist|build|\.[^/]+)$/;

/** Every source file, in the order of its name. */
export function readSources(): Source[] {
  const files = [...folders.flatMap(walk), ...rootFiles].sort();
  return files.map((file) => ({ file, text: fs.readFileSync(path.join(root, file), 'utf8') }));
}

function walk(folder: string): string[] {
  if (!fs.existsSync(path.join(root, folder))) return [];
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isSkipped.test(file) ? [] : walk(file);
    return isSource.test(file) ? [file] : [];
  });
}

/** 1 for the first line. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Where a pattern occurs: one violation for each match. */
export function forbid({ file, text }: Source, pattern: RegExp, message: string): Violation[] {
  return [...text.matchAll(pattern)].map((match) => {
    const line = lineAt(text, match.index + match[0].length - 1);
    return `${file}:${line}: ${message}: ${match[0].trim()}`;
  });
}

export const isCpp = ({ file }: Source): boolean => /\.(h|cc|cu|cuh)$/.test(file);
export const isScript = ({ file }: Source): boolean => /\.[mc]?[jt]s$/.test(file);

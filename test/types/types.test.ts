// The types of the package, as users with different module settings see them through its exports.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { complaints, root } from './compile';

const common: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules/@types')],
};
const node16: ts.CompilerOptions = {
  ...common,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
};
const bundler: ts.CompilerOptions = {
  ...common,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };

const accepted = fs.readFileSync(path.join(__dirname, 'accepted.ts'), 'utf8');
const refused = fs.readFileSync(path.join(__dirname, 'refused.ts'), 'utf8');

/** A project that has installed the package; writes texts into it and returns their files. */
function install(folder: string, extension: string, ...texts: string[]): string[] {
  const modules = path.join(folder, 'node_modules');
  fs.mkdirSync(modules);
  fs.symlinkSync(root, path.join(modules, 'albert-native'), 'dir');
  return texts.map((text, index) => {
    const file = path.join(folder, `user-${index}.${extension}`);
    fs.writeFileSync(file, text);
    return file;
  });
}

/** How users write modules: the extension of their files, and their compiler options. */
const users = [
  { name: 'ES modules, node16', extension: 'mts', options: { ...node16, ...strictest } },
  { name: 'CommonJS, node16', extension: 'cts', options: node16 },
  { name: 'a bundler', extension: 'ts', options: bundler },
];

for (const { name, extension, options } of users) {
  t.test(name, async (t) => {
    const files = install(t.testdir(), extension, accepted, refused);
    t.same(complaints(files, options), [], 'what must compile does, and nothing else');
  });
}

t.test('every line that must not compile is refused', async (t) => {
  const mark = /@ts-expect-error/g;
  const files = install(t.testdir(), 'mts', refused.replace(mark, ''));
  const lines = new Set(complaints(files, node16).map((text) => /:(\d+):/.exec(text)![1]));
  t.equal(lines.size, refused.match(mark)!.length);
});

t.test('the declarations are sound for users who check libraries', async (t) => {
  const files = install(t.testdir(), 'mts', accepted);
  t.same(complaints(files, { ...node16, skipLibCheck: false }), []);
});

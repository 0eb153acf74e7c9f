// What was built: the size of the addon, what it needs to load, and the kernels' object files.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';

const build = path.join(__dirname, '../build');
const addon = path.join(build, 'Release/albert_native.node');
const maxBytes = 5e6;
const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const allowed = /^(libc\.so\.6|libm\.so\.6|ld-linux-[\w-]+\.so\.\d)$/;

/** The output of a program of the binutils, or undefined where the machine has none. */
function inspect(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const leftOut = (t: Test, reason: string): boolean => t.pass('left out', { skip: reason });

/** Shared libraries that a dynamic section names. */
const needed = (text: string): string[] =>
  [...text.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name!);

/**
 * Symbols that the linker may merge with those of other objects: an inline function compiled with
 * AVX-512 here could then run on a machine that has none.
 */
const shared = (text: string): string[] =>
  text.split('\n').filter((line) => /^[0-9a-f]* *[WVu] /.test(line));

t.test('the addon is small', async (t) => {
  const { size } = fs.statSync(addon);
  t.ok(size > 1e5 && size < maxBytes, `${size} bytes, fewer than ${maxBytes}`);
});

t.test('the addon needs the C library alone', async (t) => {
  const text = inspect('readelf', '-d', addon);
  if (text === undefined) return leftOut(t, 'readelf (binutils) is not installed');
  const libraries = needed(text);
  t.ok(libraries.includes('libc.so.6'), libraries.join(', '));
  t.same(libraries.filter((name) => !allowed.test(name)), []);
  const exported = inspect('nm', '-D', '-C', '--defined-only', addon)!;
  const functions = [...exported.matchAll(/^\w+ [TWi] (.*)$/gm)].map(([, name]) => name!);
  t.same(functions.sort(), entries, 'and exports no function but its entries');
});

t.test('kernels of an instruction set share no inline function with others', async (t) => {
  const folder = path.join(build, 'CMakeFiles');
  const objects = fs.existsSync(folder)
    ? fs
        .readdirSync(folder)
        .filter((name) => /^albert_kernels_\w+\.dir$/.test(name))
        .map((name) => path.join(folder, name, 'native/ops/cpu/isa/kernels.cc.o'))
    : [];
  if (objects.length === 0) return leftOut(t, 'no object files here: a prebuilt binary is tested');
  t.ok(objects.length >= 2, `${objects.length} instruction sets`);
  for (const object of objects) {
    const text = inspect('nm', '-C', object);
    if (text === undefined) return leftOut(t, 'nm (binutils) is not installed');
    t.match(text, /albert::cpu::\w+::kernels/, 'it holds a table of kernels');
    t.same(shared(text), [], path.relative(build, object));
  }
});

t.test('what must not be there is found', async (t) => {
  t.same(needed(' 0x1 (NEEDED)   Shared library: [libstdc++.so.6]\n'), ['libstdc++.so.6']);
  t.notMatch('libstdc++.so.6', allowed);
  t.notMatch('libgcc_s.so.1', allowed);
  const weak = '0000000000000000 W std::vector<float>::~vector()';
  t.same(shared(`${weak}\n0000000000000010 t local\n                 U log`), [weak]);
});

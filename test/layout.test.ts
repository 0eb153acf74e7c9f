// The rooms of the house and their one-way doors: no include and no import points the wrong way.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import * as arrows from './layout/arrows';
import { type Source, forbid, readSources, root } from './layout/sources';

const sources = readSources();
const all = arrows.readArrows(sources);
const files = new Set(sources.map(({ file }) => file));
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const nativePath = /['"`](\.\.\/)+native\//g;

t.test('the checks look at the whole house', async (t) => {
  const rooms = new Set(all.map(({ from }) => `${from.split('/')[0]}/${arrows.roomOf(from)}`));
  const native = ['core', 'ops', 'ops/reference', 'ops/cpu', 'text', 'model', 'train', 'addon'];
  for (const room of native) {
    t.ok(rooms.has(`native/${room}`), `native/${room} was read`);
  }
  for (const room of ['', 'models', 'pipelines', 'tokenizers', 'cli']) {
    t.ok(rooms.has(`lib/${room}`), `lib/${room} was read`);
  }
});

t.test('every arrow of this repository points the right way', async (t) => {
  t.same(arrows.wrongWay(all, files), [], 'between rooms');
  t.same(arrows.outsideOwner(all), [], 'N-API, CUDA, intrinsics and the binary stay in their room');
  t.same(arrows.unlisted(all, Object.keys(manifest.dependencies)), [], 'packages are listed');
  t.same(arrows.cycles(all), [], 'no file includes itself by way of others');
});

t.test('lib knows the binary by its loader alone', async (t) => {
  const lib = sources.filter(({ file }) => file.startsWith('lib/'));
  t.same(lib.flatMap((source) => forbid(source, nativePath, 'a path into native/')), []);
});

/** What the checks say of files that are not there. */
function judge(made: Record<string, string>): string[] {
  const house: Source[] = Object.entries(made).map(([file, text]) => ({ file, text }));
  const found = arrows.readArrows(house);
  const known = new Set([...files, ...Object.keys(made)]);
  const checks = [arrows.outsideOwner(found), arrows.unlisted(found, []), arrows.cycles(found)];
  return [...arrows.wrongWay(found, known), ...checks.flat()];
}

t.test('a wrong arrow in native/ is found', async (t) => {
  t.match(judge({ 'native/core/a.h': '\n#include "model/layer.h"' }), [
    /^native\/core\/a\.h:2: core must not know model/,
  ]);
  t.match(judge({ 'native/model/a.cc': '#include "ops/cpu/backend.h"' }), [/not know ops\/cpu/]);
  t.match(judge({ 'native/model/a.cc': '#include "train/gradients.h"' }), [/not know train/]);
  t.match(judge({ 'native/engine/a.cc': '#include "train/gradients.h"' }), [/not know train/]);
  t.match(judge({ 'native/train/a.cc': '#include "engine/engine.h"' }), [/not know engine/]);
  t.match(judge({ 'native/train/a.cc': '#include "ops/cpu/backend.h"' }), [/not know ops\/cpu/]);
  t.match(judge({ 'native/ops/a.cc': '#include "ops/reference/backend.h"' }), [/not know ops\/r/]);
  t.match(judge({ 'native/ops/cpu/a.cc': '#include "ops/reference/backend.h"' }), [/not know/]);
  t.match(judge({ 'native/engine/a.cc': '#include <napi.h>' }), [/N-API has no place/]);
  t.match(judge({ 'native/ops/cpu/a.cc': '#include <cuda_runtime.h>' }), [/CUDA has no place/]);
  t.match(judge({ 'native/ops/cpu/a.cc': '#include <immintrin.h>' }), [/intrinsics has no place/]);
  t.match(judge({ 'native/core/a.h': '#include "core/none.h"' }), [/is no file/]);
  t.match(judge({ 'native/attic/a.h': '#include "core/error.h"' }), [/has no room for/]);
  t.match(
    judge({ 'native/core/a.h': '#include "core/b.h"', 'native/core/b.h': '#include "core/a.h"' }),
    [/^native\/core\/b\.h:1: a circle/],
  );
  t.same(judge({ 'native/ops/cpu/a.cc': '#include "ops/ops.h"\n#include <vector>' }), []);
});

t.test('a wrong arrow in lib/ is found', async (t) => {
  t.match(judge({ 'lib/models/a.ts': "\nimport { x } from '../pipelines/index.js';" }), [
    /^lib\/models\/a\.ts:2: models must not know pipelines/,
  ]);
  t.match(judge({ 'lib/a.ts': "export * from './cli/main.js';" }), [/lib must not know cli/]);
  t.match(judge({ 'lib/cli/a.ts': "await import('../../test/layout/arrows.js')" }), [/outside/]);
  t.match(judge({ 'lib/a.ts': "import load from 'node-gyp-build';" }), [
    /the binary has no place/,
    /not among the dependencies/,
  ]);
  t.same(judge({ 'lib/a.ts': "import fs from 'node:fs';" }), []);
  const door: Source = { file: 'lib/a.ts', text: "const file = '../native/core/error.h';" };
  t.match(forbid(door, nativePath, 'a path into native/'), [/^lib\/a\.ts:1: a path into native/]);
});

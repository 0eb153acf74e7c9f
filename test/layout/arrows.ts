// Who may include whom: the rooms of the house, their one-way doors, and the checks of both.
import path from 'node:path';
import ts from 'typescript';
import { type Source, type Violation, isCpp, isScript, lineAt } from './sources';

/** An include or import: from a file to a file, or to a system header or package. */
export interface Arrow {
  from: string;
  line: number;
  to: string;
  external: boolean;
}

/** A room of native/ and the rooms it may look into, itself apart. */
const nativeRooms: Record<string, string[]> = {
  core: [],
  formats: ['core'],
  text: ['core'],
  data: ['text', 'formats', 'core'],
  ops: ['core'],
  'ops/reference': ['ops', 'core'],
  'ops/cpu': ['ops', 'core'],
  'ops/cuda': ['ops', 'core'],
  model: ['ops', 'core'],
  engine: ['model', 'data', 'formats', 'ops', 'core'],
  train: ['model', 'data', 'formats', 'ops', 'core'],
  check: ['engine', 'train', 'model', 'formats', 'ops', 'core'],
  addon: ['engine', 'train', 'check', 'data', 'text', 'formats', 'ops', 'core'],
};

/** A room of lib/ and the rooms it may look into; '' is lib itself. */
const libRooms: Record<string, string[]> = {
  '': [],
  tokenizers: [''],
  models: [''],
  pipelines: ['models', ''],
  training: ['models', ''],
  cli: ['pipelines', 'training', 'models', ''],
};

/** The files that open a door which their room keeps shut. */
const doors: Record<string, string[]> = {
  'native/ops/backend.cc': ['ops/reference', 'ops/cpu', 'ops/cuda'],
  'lib/index.ts': ['models', 'pipelines', 'training'],
  'lib/tokenizer.ts': ['tokenizers'],
};

/** Headers and packages that belong to one room (or file). */
const owners: { name: string; what: RegExp; owner: RegExp }[] = [
  { name: 'N-API', what: /^(napi|node_api|js_native_api)[\w-]*\.h$/, owner: /^native\/addon\// },
  { name: 'CUDA', what: /^(cu|nv|curand)[\w/]*\.h$/, owner: /^native\/ops\/cuda\// },
  { name: 'intrinsics', what: /^(\w+mmintrin|immintrin|arm_neon)\.h$/, owner: /\/cpu\/isa\// },
  { name: 'the binary', what: /^node-gyp-build$/, owner: /^lib\/native\.ts$/ },
];

/** All includes of native/ and all imports of lib/. */
export function readArrows(sources: Source[]): Arrow[] {
  return sources.flatMap((source) => {
    if (source.file.startsWith('native/') && isCpp(source)) return includesOf(source);
    if (source.file.startsWith('lib/') && isScript(source)) return importsOf(source);
    return [];
  });
}

function includesOf({ file, text }: Source): Arrow[] {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm)].map((match) => {
    const external = match[1] === '<';
    const to = external ? match[2]! : `native/${match[2]!}`;
    return { from: file, line: lineAt(text, match.index), to, external };
  });
}

function importsOf({ file, text }: Source): Arrow[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => {
    const external = !fileName.startsWith('.');
    const script = path.posix.join(path.posix.dirname(file), fileName);
    const to = external ? fileName : script.replace(/js$/, 'ts');
    return { from: file, line: lineAt(text, pos), to, external };
  });
}

/** The room of a file, or undefined where the house has no such room. */
export function roomOf(file: string): string | undefined {
  const [house, ...parts] = path.posix.dirname(file).split('/');
  const rooms = house === 'native' ? nativeRooms : house === 'lib' ? libRooms : {};
  for (let depth = parts.length; depth >= 0; --depth) {
    const room = parts.slice(0, depth).join('/');
    if (Object.hasOwn(rooms, room)) return room;
  }
  return undefined;
}

const at = ({ from, line }: Arrow, message: string): Violation => `${from}:${line}: ${message}`;

/** Arrows between rooms that point the wrong way, leave the house, or lead to no file. */
export function wrongWay(arrows: Arrow[], files: Set<string>): Violation[] {
  return arrows.filter(({ external }) => !external).flatMap((arrow) => {
    if (!files.has(arrow.to)) return [at(arrow, `${arrow.to} is no file of this repository`)];
    const [house] = arrow.from.split('/');
    if (!arrow.to.startsWith(`${house}/`)) return [at(arrow, `${arrow.to} is outside ${house}/`)];
    const [from, to] = [roomOf(arrow.from), roomOf(arrow.to)];
    if (from === undefined || to === undefined) {
      return [at(arrow, `the house has no room for ${from === undefined ? arrow.from : arrow.to}`)];
    }
    const rooms = house === 'native' ? nativeRooms : libRooms;
    const open = [from, ...rooms[from]!, ...(doors[arrow.from] ?? [])];
    if (open.includes(to)) return [];
    return [at(arrow, `${from || 'lib'} must not know ${to || 'lib'} (${arrow.to})`)];
  });
}

/** Headers and packages that appear outside the room that owns them. */
export function outsideOwner(arrows: Arrow[]): Violation[] {
  return arrows.filter(({ external }) => external).flatMap((arrow) =>
    owners
      .filter(({ what, owner }) => what.test(arrow.to) && !owner.test(arrow.from))
      .map(({ name }) => at(arrow, `${name} has no place here (${arrow.to})`)),
  );
}

/** Packages that lib/ imports and package.json does not list. */
export function unlisted(arrows: Arrow[], dependencies: string[]): Violation[] {
  const isPackage = ({ from, to, external }: Arrow) =>
    external && from.startsWith('lib/') && !to.startsWith('node:');
  return arrows
    .filter((arrow) => isPackage(arrow) && !dependencies.includes(arrow.to))
    .map((arrow) => at(arrow, `${arrow.to} is not among the dependencies`));
}

/** Files that include themselves by way of others. */
export function cycles(arrows: Arrow[]): Violation[] {
  const next = new Map<string, Arrow[]>();
  for (const arrow of arrows.filter(({ external }) => !external)) {
    next.set(arrow.from, [...(next.get(arrow.from) ?? []), arrow]);
  }
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): Violation[] => {
    if (done.has(file)) return [];
    const found = (next.get(file) ?? []).flatMap((arrow) => {
      const begin = [...trail, file].indexOf(arrow.to);
      if (begin < 0) return visit(arrow.to, [...trail, file]);
      return [at(arrow, `a circle: ${[...trail, file].slice(begin).join(' → ')} → ${arrow.to}`)];
    });
    done.add(file);
    return found;
  };
  return [...next.keys()].flatMap((file) => visit(file, []));
}

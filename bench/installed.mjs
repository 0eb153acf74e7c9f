// What a user installs: bytes on disk of packages, alone and with all they depend on.
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { benchFolder, isPython, python } from './contestants.mjs';

const root = path.join(benchFolder, '..');

/** Bytes on disk of the packages alone, and with everything they depend on. */
export async function installedSize(contestant) {
  if (contestant.packs) return ownSize();
  if (!isPython(contestant)) return packagesSize(benchFolder, contestant.packages);
  const words = [path.join(benchFolder, 'installed_size.py'), ...contestant.packages];
  const { stdout } = await promisify(execFile)(python, words);
  return JSON.parse(stdout);
}

/** This package as it is published, with the binary that its install step makes. */
function ownSize() {
  const { files, dependencies } = readJson(path.join(root, 'package.json'));
  const binary = 'build/Release/albert_native.node';
  const published = [...files, 'package.json', 'README.md', 'LICENSE', binary];
  const own_bytes = sum(published.map((file) => sizeOf(path.join(root, file))));
  const { all_bytes } = packagesSize(root, Object.keys(dependencies));
  return { own_bytes, all_bytes: own_bytes + all_bytes };
}

/** Packages in a folder's node_modules, by the dependencies that its lock file lists. */
function packagesSize(folder, names) {
  const { packages } = readJson(path.join(folder, 'package-lock.json'));
  const found = new Set();
  const visit = (name, parent) => {
    const place = resolve(packages, name, parent);
    if (place === undefined || found.has(place) || !existsSync(path.join(folder, place))) return;
    found.add(place);
    const { dependencies, optionalDependencies } = packages[place];
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(next, place);
    }
  };
  names.forEach((name) => visit(name, ''));
  const size = (place) => sizeOf(path.join(folder, place));
  return {
    own_bytes: sum(names.map((name) => size(`node_modules/${name}`))),
    all_bytes: sum([...found].map(size)),
  };
}

/** Where Node.js would find a package, from the package at `parent`. */
function resolve(packages, name, parent) {
  const place = parent === '' ? `node_modules/${name}` : `${parent}/node_modules/${name}`;
  if (place in packages) return place;
  if (parent === '') return undefined;
  const end = parent.lastIndexOf('/node_modules/');
  return resolve(packages, name, end < 0 ? '' : parent.slice(0, end));
}

/** Bytes of a file or folder; packages nested in a package are counted on their own. */
function sizeOf(file) {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return status.size;
  const inside = readdirSync(file).filter((name) => name !== 'node_modules');
  return sum(inside.map((name) => sizeOf(path.join(file, name))));
}

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

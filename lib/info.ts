// What this build and this machine can do.
import { native, packageRoot, type NativeInfo } from './native.js';
import path from 'node:path';
import { readFileSync } from 'node:fs';

/** What {@link info} tells. */
export interface Info {
  /** The version of this package. */
  version: string;
  /** The version of Node.js. */
  node: string;
  /** "linux-x64" and so on. */
  platform: string;
  /** The processor, and the instruction sets of the kernels: the one in use, and all it can run. */
  cpu: NativeInfo['cpu'];
  /** Threads of the process-wide pool, and why so many. */
  threads: NativeInfo['threads'];
  /**
   * Where models can compute, in which dtypes, and how each of these multiplies and adds on the
   * instruction set in use; the reason where they cannot.
   */
  backends: NativeInfo['backends'];
  /** What the binary was compiled with. */
  compiler: string;
}

/**
 * Tells versions, processor, threads and backends.
 *
 * @example
 * const { backends } = info();
 * for (const { name, dtypes, reason } of backends) console.log(name, dtypes.join(' ') || reason);
 */
export function info(): Info {
  const { cpu, threads, backends, compiler } = native.info();
  const platform = `${process.platform}-${process.arch}`;
  return { version: version(), node: process.version, platform, cpu, threads, backends, compiler };
}

/** The package's own version; read on demand, so that importing the package stays light. */
export function version(): string {
  const text = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

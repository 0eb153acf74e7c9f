// Settings that hold for the whole process: where models are looked for and kept.
import os from 'node:os';
import path from 'node:path';

/** Settings as in transformers.js; change them before loading. */
export interface Environment {
  /** Where downloads are kept; default `$ALBERT_CACHE`, else albert-native in the user's cache. */
  cacheDir: string;
  /** A folder in which names are looked up before the hub; default 'models' (of the process). */
  localModelPath: string;
  /** Whether anything may be downloaded; default true. */
  allowRemoteModels: boolean;
  /** The hub; default 'https://huggingface.co'. */
  remoteHost: string;
  /** What downloads go through: a proxy, other headers, a test. Default the global fetch. */
  fetch: typeof fetch;
}

/**
 * Process-wide settings.
 *
 * @example
 * env.cacheDir = '/var/cache/models';
 * env.allowRemoteModels = false;
 */
export const env: Environment = {
  cacheDir: defaultCacheDir(process.env),
  localModelPath: 'models',
  allowRemoteModels: true,
  remoteHost: 'https://huggingface.co',
  fetch: (input, init) => globalThis.fetch(input, init),
};

/** The cache folder that environment variables ask for. */
export function defaultCacheDir(variables: NodeJS.ProcessEnv): string {
  if (variables['ALBERT_CACHE']) return path.resolve(variables['ALBERT_CACHE']);
  const base = variables['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  return path.join(base, 'albert-native');
}

// Files of models on the Hugging Face hub, downloaded once into a cache of our own.
import path from 'node:path';
import { env } from './env.js';
import { AlbertError } from './errors.js';
import { exists, putOnce } from './hub-cache.js';
import { show } from './options.js';

/** What a download tells while it runs; the shapes of transformers.js. */
export interface ProgressEvent {
  /** 'initiate' for each file; 'download' and 'progress' only where it is not in the cache. */
  status: 'initiate' | 'download' | 'progress' | 'done';
  /** The hub id. */
  name: string;
  /** The file, relative to the repository. */
  file: string;
  /** Bytes so far. */
  loaded?: number;
  /** Bytes in all. */
  total?: number;
  /** Percent, 0 to 100. */
  progress?: number;
}

/** Where files come from, common to all that loads. */
export interface HubOptions {
  /** Branch, tag or commit on the hub; default 'main'. */
  revision?: string | undefined;
  /** Where downloads are kept; default `env.cacheDir`. */
  cache_dir?: string | undefined;
  /** Use directories and the cache only; default false. */
  local_files_only?: boolean | undefined;
  /** Called as downloads go on. */
  progress_callback?: ((event: ProgressEvent) => void) | undefined;
  /** Ends loading; the promise rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/** Whether a name could be a repository on the hub: "name" or "owner/name". */
export function isHubId(name: string): boolean {
  const part = '[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?';
  return new RegExp(`^${part}(?:/${part})?$`).test(name) && !/\.\.|--/.test(name);
}

/** The folder of the cache that holds one revision of a repository. */
export function cacheFolder(repo: string, options: HubOptions): string {
  const { revision = 'main' } = options;
  if (revision === '.' || revision === '..' || revision === '') {
    throw new RangeError(`revision: expected a branch, tag or commit, got ${show(revision)}`);
  }
  return path.join(options.cache_dir ?? env.cacheDir, repo, encodeURIComponent(revision));
}

/**
 * A file of a repository, from the cache or else from the hub.
 *
 * @returns its path, or undefined where the repository lacks it
 * @throws AlbertError `ERR_NOT_FOUND` where there is no such repository or nothing may be
 * downloaded, `ERR_IO` where the download fails
 */
export async function hubFile(
  repo: string,
  file: string,
  options: HubOptions,
): Promise<string | undefined> {
  const target = path.join(cacheFolder(repo, options), file);
  const report = options.progress_callback ?? (() => undefined);
  if (await exists(target)) {
    report({ status: 'initiate', name: repo, file });
    report({ status: 'done', name: repo, file });
    return target;
  }
  // What the hub said once is remembered, so that a cached model loads without a network.
  if (await exists(`${target}.absent`)) return undefined;
  if (options.local_files_only || !env.allowRemoteModels) return undefined;
  report({ status: 'initiate', name: repo, file });
  const found = await download({ repo, file, target, options, report });
  if (!found) return undefined;
  report({ status: 'done', name: repo, file });
  return target;
}

interface Download {
  repo: string;
  file: string;
  target: string;
  options: HubOptions;
  report: (event: ProgressEvent) => void;
}

async function download(job: Download): Promise<boolean> {
  const { repo, file, target, options } = job;
  const { signal, revision = 'main' } = options;
  const hub = await import('@huggingface/hub');
  const request = {
    repo,
    path: file,
    revision,
    hubUrl: env.remoteHost.replace(/\/+$/, ''),
    fetch: fetchUntil(signal),
  };
  try {
    const info = await absentIs404(hub.fileDownloadInfo(request));
    if (!info) {
      // Where the cache is read-only, the hub is just asked again next time.
      await putOnce(`${target}.absent`, async () => undefined, signal).catch(() => undefined);
      return false;
    }
    await putOnce(
      target,
      async (write) => {
        const blob = await hub.downloadFile({ ...request, downloadInfo: info });
        if (!blob) throw new Error('it vanished from the hub');
        await copy(blob.stream(), info.size, write, job);
      },
      signal,
    );
    return true;
  } catch (error) {
    throw downloadError(job, error);
  }
}

/** The process's fetch, which also ends when the caller's signal does. */
function fetchUntil(signal: AbortSignal | undefined): typeof fetch {
  return (input, init) => env.fetch(input, signal ? { ...init, signal } : init);
}

/** A missing file is an answer; servers other than the hub say it by the status alone. */
async function absentIs404<T>(work: Promise<T | null>): Promise<T | null> {
  return work.catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  });
}

async function copy(
  stream: ReadableStream<Uint8Array>,
  total: number,
  write: (chunk: Uint8Array) => Promise<void>,
  { repo, file, options, report }: Download,
): Promise<void> {
  const about = { name: repo, file, total };
  let loaded = 0;
  report({ status: 'download', ...about });
  for await (const chunk of stream) {
    options.signal?.throwIfAborted();
    await write(chunk);
    loaded += chunk.length;
    const progress = total === 0 ? 100 : (100 * loaded) / total;
    report({ status: 'progress', ...about, loaded, progress });
  }
  if (loaded !== total) throw new Error(`the connection ended after ${loaded} of ${total} bytes`);
}

function downloadError({ repo, file, options }: Download, error: unknown): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  if (error instanceof AlbertError) return error;
  const status = (error as { statusCode?: number }).statusCode;
  if (status === 401 || status === 403) {
    const advice = 'pass a directory or another id';
    const message = `${env.remoteHost} has no public repository ${repo}: ${advice}`;
    return new AlbertError('ERR_NOT_FOUND', message, { cause: error });
  }
  const reason = error instanceof Error ? describe(error) : String(error);
  const message = `Cannot download ${file} of ${repo} from ${env.remoteHost}: ${reason}`;
  return new AlbertError('ERR_IO', message, { cause: error });
}

/** "fetch failed" alone says nothing: its cause does. */
function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

// The hub: downloads once, survives failures, waits for others; against a server on loopback.
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t from 'tap';
import { env } from '../../dist/env.js';
import { hubFile, isHubId, type ProgressEvent } from '../../dist/hub.js';
import { findModel } from '../../dist/source.js';

const files: Record<string, string> = {
  'config.json': '{"model_type":"albert"}',
  'model.safetensors.index.json': '{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}',
  'one.safetensors': 'first shard',
  'two.safetensors': 'second shard',
  'evil.json': '{"weight_map":{"a":"../../etc/passwd"}}',
};
let requests: string[] = [];
let breakAfter: number | undefined;

const server = http.createServer((request, response) => {
  const name = (request.url ?? '').split('/resolve/main/')[1] ?? '';
  const content = files[name];
  requests.push(`${request.headers.range ? 'info' : 'file'} ${name}`);
  if (content === undefined) {
    response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
  } else if (request.headers.range) {
    const range = `bytes 0-0/${content.length}`;
    response.writeHead(206, { ETag: '"x"', 'Content-Range': range }).end(content[0]);
  } else {
    response.writeHead(200, { ETag: '"x"', 'Content-Length': content.length });
    if (breakAfter === undefined) response.end(content);
    else response.write(content.slice(0, breakAfter), () => response.destroy());
  }
});

t.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env.remoteHost = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
t.teardown(() => server.close());
t.beforeEach((t) => {
  requests = [];
  breakAfter = undefined;
  env.allowRemoteModels = true;
  env.cacheDir = t.testdir({});
});

const folder = (): string => path.join(env.cacheDir, 'owner/name/main');

t.test('downloads a file once and tells how it goes', async (t) => {
  const events: ProgressEvent[] = [];
  const options = { progress_callback: (event: ProgressEvent) => void events.push(event) };
  const file = await hubFile('owner/name', 'config.json', options);
  t.equal(await readFile(file ?? '', 'utf8'), files['config.json']);
  const steps = new Set(events.map(({ status }) => status));
  t.same([...steps], ['initiate', 'download', 'progress', 'done']);
  t.match(events.at(-2), { file: 'config.json', loaded: 23, total: 23, progress: 100 });
  requests = [];
  t.equal(await hubFile('owner/name', 'config.json', {}), file);
  t.same(requests, []);
  t.same(await readdir(folder()), ['config.json']);
});

t.test('several at once share one download', async (t) => {
  const all = Array.from({ length: 4 }, () => hubFile('owner/name', 'one.safetensors', {}));
  await Promise.all(all);
  t.equal(requests.filter((request) => request === 'file one.safetensors').length, 1);
});

t.test('remembers that a file is absent', async (t) => {
  t.equal(await hubFile('owner/name', 'vocab.txt', {}), undefined);
  requests = [];
  t.equal(await hubFile('owner/name', 'vocab.txt', {}), undefined);
  t.same(requests, []);
});

t.test('finds sharded checkpoints, and only plain shard names', async (t) => {
  t.same(await findModel('owner/name', {}), { directory: folder(), weights: folder() });
  t.ok((await readdir(folder())).includes('two.safetensors'));
  await writeFile(path.join(folder(), 'model.safetensors.index.json'), files['evil.json'] ?? '');
  await t.rejects(findModel('owner/name', {}), { code: 'ERR_FORMAT' });
});

t.test('leaves nothing behind when the connection breaks', async (t) => {
  breakAfter = 4;
  await t.rejects(hubFile('owner/name', 'config.json', {}), { code: 'ERR_IO' });
  t.same(await readdir(folder()), []);
});

t.test('takes over the lock of a dead process', async (t) => {
  await mkdir(folder(), { recursive: true });
  const lock = path.join(folder(), 'config.json.lock');
  await writeFile(lock, '');
  const past = new Date(Date.now() - 60_000);
  await utimes(lock, past, past);
  t.ok(await hubFile('owner/name', 'config.json', {}));
  t.same(await readdir(folder()), ['config.json']);
});

t.test('stops when the caller does', async (t) => {
  await mkdir(folder(), { recursive: true });
  await writeFile(path.join(folder(), 'config.json.lock'), '');
  const signal = AbortSignal.timeout(50);
  await t.rejects(hubFile('owner/name', 'config.json', { signal }), { name: 'TimeoutError' });
});

t.test('downloads nothing where nothing may be', async (t) => {
  await t.rejects(findModel('owner/name', { local_files_only: true }), { code: 'ERR_NOT_FOUND' });
  env.allowRemoteModels = false;
  await t.rejects(findModel('owner/name', {}), /nothing may be downloaded/);
  t.same(requests, []);
});

t.test('an existing directory wins; what is no id says what to pass', async (t) => {
  const directory = t.testdir({ 'config.json': '{}', 'model.safetensors': '' });
  t.same(await findModel(directory, {}), { directory, weights: directory });
  await t.rejects(findModel('./no/such/place', {}), { code: 'ERR_NOT_FOUND' });
  t.same(['a/b', 'albert-base-v2', '../x', 'a/b/c', '/abs', '', '..'].map(isHubId), [
    true, true, false, false, false, false, false,
  ]);
});

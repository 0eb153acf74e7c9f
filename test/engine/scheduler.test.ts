// The queue: aborting, refusing when full, disposing of what waits and what runs.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { expectError } from '../support/errors';
import { bits } from '../support/tensors';
import { inputsOf, row, slowModel, timeOf } from './slow';

t.setTimeout(300_000);

type Result = PromiseSettledResult<{ pooler_output: { data: ArrayLike<number> } }>;

const outcomes = (results: Result[]): string[] =>
  results.map((one) =>
    one.status === 'fulfilled' ? 'done' : String((one.reason as { name: string }).name),
  );

t.test('an aborted call that waits is gone at once, the others are not affected', async (t) => {
  const model = await slowModel({ threads: 1 });
  const alone = [];
  for (const i of [1, 2, 3]) alone.push(bits((await model(inputsOf(64, i))).pooler_output.data));
  const controller = new AbortController();
  const running = model(inputsOf(512));
  const { signal } = controller;
  const kept = [1, 2, 3].map((i) => model(inputsOf(64, i)));
  const waiting = [4, 5].map((i) => model(inputsOf(64, i), { signal }));
  await sleep(5);
  const begin = performance.now();
  controller.abort();
  t.same(outcomes(await Promise.allSettled(waiting)), ['AbortError', 'AbortError']);
  const took = performance.now() - begin;
  t.ok(took < 100, `rejected within ${took.toFixed(1)} ms`);
  const left = await Promise.race([running.then(() => 'ended'), Promise.resolve('still running')]);
  t.equal(left, 'still running', 'the running call was not waited for');
  const results = await Promise.all(kept);
  t.same(
    results.map(({ pooler_output }) => bits(pooler_output.data)),
    alone,
  );
  await running;
});

t.test('an aborted call that runs stops its computation', async (t) => {
  const model = await slowModel({ threads: 1 }, 240);
  const whole = await timeOf(() => model(inputsOf(512)));
  const controller = new AbortController();
  const running = model(inputsOf(512), { signal: controller.signal });
  await sleep(whole / 10);
  controller.abort();
  await expectError(t, () => running, 'AbortError', /abort/i);
  // The next call has to wait for the tile to stop: between two passes, not at its end.
  const rest = await timeOf(() => model(inputsOf(1)));
  t.ok(
    rest < whole / 2,
    `free after ${rest.toFixed(0)} ms, a whole pass takes ${whole.toFixed(0)}`,
  );
});

t.test('a tile goes on while one of its jobs is wanted', async (t) => {
  const model = await slowModel({ threads: 1, tile_tokens: 4000 });
  const expected = bits((await model(inputsOf(400, 2))).pooler_output.data);
  const controller = new AbortController();
  const first = model(inputsOf(300));
  // These two wait together, so they are packed into one tile.
  const unwanted = model(inputsOf(400, 1), { signal: controller.signal });
  const wanted = model(inputsOf(400, 2));
  await first;
  controller.abort();
  t.same(outcomes(await Promise.allSettled([unwanted])), ['AbortError']);
  t.equal(bits((await wanted).pooler_output.data), expected);
});

t.test("an abort rejects with the signal's own reason, also before the start", async (t) => {
  const model = await slowModel({}, 1);
  const reason = new Error('because');
  const call = (signal: AbortSignal) => model(inputsOf(8), { signal });
  await t.rejects(call(AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const running = call(controller.signal);
  controller.abort(reason);
  await t.rejects(running, reason);
  const late = new AbortController();
  const { pooler_output } = await call(late.signal);
  late.abort();
  t.equal(pooler_output.data.length, 256, 'an abort after the end changes nothing');
  const slow = await slowModel({ threads: 1 });
  const timed = slow(inputsOf(512), { signal: AbortSignal.timeout(5) });
  t.same(outcomes(await Promise.allSettled([timed])), ['TimeoutError']);
});

t.test('a full queue refuses with ERR_BUSY, and recovers', async (t) => {
  const model = await slowModel({ threads: 1, max_queued_tokens: 100 });
  const first = model(inputsOf(512));
  const second = model(inputsOf(90, 1)); // taken: nothing waits
  await expectError(
    t,
    () => model(inputsOf(20)),
    'ERR_BUSY',
    /queue is full: 90 tokens.*at most 100/,
  );
  const third = model(inputsOf(10, 2));
  await expectError(t, () => model(inputsOf(1)), 'ERR_BUSY', /await earlier calls/);
  t.same(outcomes(await Promise.allSettled([first, second, third])), ['done', 'done', 'done']);
  const again = await Promise.allSettled([model(inputsOf(512)), model(inputsOf(100))]);
  t.same(outcomes(again), ['done', 'done']);
  const controller = new AbortController();
  const running = model(inputsOf(300));
  const waiting = model(inputsOf(100), { signal: controller.signal });
  await expectError(t, () => model(inputsOf(50)), 'ERR_BUSY', /queue is full/);
  controller.abort();
  const freed = model(inputsOf(50));
  t.same(outcomes(await Promise.allSettled([running, waiting, freed])), [
    'done',
    'AbortError',
    'done',
  ]);
});

t.test('a single call longer than the limit is taken when nothing waits', async (t) => {
  const model = await slowModel({ max_queued_tokens: 10 }, 1);
  const rows = Array.from({ length: 8 }, (_, i) => row(30, i));
  t.same((await model({ input_ids: rows })).pooler_output.dims, [8, 256]);
});

t.test('hundreds of callers at once', async (t) => {
  const model = await slowModel({}, 2);
  const expected = bits((await model(inputsOf(20, 3))).pooler_output.data);
  const results = await Promise.all(Array.from({ length: 500 }, () => model(inputsOf(20, 3))));
  t.equal(results.filter(({ pooler_output }) => bits(pooler_output.data) === expected).length, 500);
});

t.test('dispose lets running calls end and rejects waiting ones', async (t) => {
  const model = await slowModel({ threads: 1 });
  const running = model(inputsOf(512));
  const waiting = [1, 2, 3].map((i) => model(inputsOf(300, i)));
  await sleep(5);
  const disposed = model.dispose();
  t.equal(model.disposed, true);
  await expectError(t, () => model(inputsOf(1)), 'ERR_DISPOSED', /disposed/);
  const results = await Promise.allSettled(waiting);
  t.same(
    results.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code),
    ['ERR_DISPOSED', 'ERR_DISPOSED', 'ERR_DISPOSED'],
  );
  t.same((await running).pooler_output.dims, [1, 256]);
  await disposed;
  await model.dispose();
  await expectError(t, () => model.save_pretrained(t.testdir({})), 'ERR_DISPOSED', /disposed/);
  t.throws(() => model.memory(), { code: 'ERR_DISPOSED' });
});

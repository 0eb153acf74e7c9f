// Aborting: at once, with the signal's own reason, and without a listener left behind.
import { getEventListeners } from 'node:events';
import t from 'tap';
import { abortable } from '../../dist/abort.js';

t.test('rejects at once with the reason, stops the work, and frees a late result', async (t) => {
  const controller = new AbortController();
  let stopped = 0;
  const late: string[] = [];
  let finish: (value: string) => void = () => undefined;
  const work = new Promise<string>((resolve) => (finish = resolve));
  const stop = (): void => void (stopped += 1);
  const wait = abortable(work, controller.signal, stop, (value) => late.push(value));
  const reason = new Error('enough');
  controller.abort(reason);
  await t.rejects(wait, reason);
  t.equal(stopped, 1);
  finish('result');
  await work;
  t.same(late, ['result']);
  t.equal(getEventListeners(controller.signal, 'abort').length, 0);
});

t.test('leaves no listener after success', async (t) => {
  const { signal } = new AbortController();
  t.equal(await abortable(Promise.resolve(7), signal), 7);
  t.equal(getEventListeners(signal, 'abort').length, 0);
});

t.test('many waits share one listener, and abort ends them all', async (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  let stopped = 0;
  const never = new Promise<never>(() => undefined);
  const waits = Array.from({ length: 30 }, () => abortable(never, signal, () => (stopped += 1)));
  t.equal(await abortable(Promise.resolve(7), signal), 7);
  t.equal(getEventListeners(signal, 'abort').length, 1, 'one that ends leaves it to the others');
  controller.abort();
  const outcomes = await Promise.allSettled(waits);
  t.ok(outcomes.every(({ status }) => status === 'rejected'));
  t.equal(stopped, 30);
  t.equal(getEventListeners(signal, 'abort').length, 0);
});

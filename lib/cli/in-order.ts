// Runs asynchronous work on a stream of inputs, several at a time, and gives results in order.

/** What the input did next: gave a value, ended, or failed. */
type Arrival<Input> = { value: Input } | { end: true; error?: unknown };

/**
 * Maps inputs with at most `limit` calls of `run` under way, and yields their results in input
 * order, each as soon as it and all before it are there. The input is read no faster than results
 * are taken. When the input throws, the results of everything before it come first.
 */
export async function* mapInOrder<Input, Output>(
  inputs: AsyncIterable<Input>,
  limit: number,
  run: (input: Input) => Promise<Output>,
): AsyncGenerator<Output> {
  const iterator = inputs[Symbol.asyncIterator]();
  const running: Promise<Output>[] = [];
  try {
    let next = arrival(iterator);
    for (;;) {
      const arrived = await Promise.race([next, ...running.slice(0, 1).map(settled)]);
      if (arrived === undefined) {
        yield await running.shift()!;
      } else if ('value' in arrived) {
        running.push(lookedAfter(run(arrived.value)));
        if (running.length >= limit) yield await running.shift()!;
        next = arrival(iterator);
      } else {
        while (running.length > 0) yield await running.shift()!;
        if ('error' in arrived) throw arrived.error;
        return;
      }
    }
  } finally {
    // Not awaited: a source that waits for a slow pipe would hold up the error that led here.
    void iterator.return?.();
  }
}

async function arrival<Input>(iterator: AsyncIterator<Input>): Promise<Arrival<Input>> {
  try {
    const result = await iterator.next();
    return result.done ? { end: true } : { value: result.value };
  } catch (error) {
    return { end: true, error };
  }
}

async function settled(work: Promise<unknown>): Promise<undefined> {
  await work.then(
    () => undefined,
    () => undefined,
  );
}

/** Keeps a rejection from counting as unhandled until its turn comes; it is awaited then. */
function lookedAfter<Value>(work: Promise<Value>): Promise<Value> {
  work.catch(() => undefined);
  return work;
}

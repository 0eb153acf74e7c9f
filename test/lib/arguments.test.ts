// Every call through the native door with wrong receivers, types and values: errors, never a crash.
import t, { type Test } from 'tap';
import { native, type NativeForwardRequest, type NativeModel } from '../../dist/native.js';
import * as tiny from '../fixtures/lifecycle/tiny.cjs';

type Call = (...values: unknown[]) => unknown;
type Fields = Record<string, unknown>;

/** One value of each type; a place in a call accepts some and must refuse the others. */
const samples: Fields = {
  undefined: undefined,
  null: null,
  boolean: true,
  number: 1,
  string: 'x',
  symbol: Symbol('x'),
  bigint: 1n,
  function: () => 1,
  array: [],
  object: {},
  int32s: Int32Array.of(1, 2),
  floats: Float32Array.of(1, 2),
  bytes: Uint8Array.of(1, 2),
  int8s: Int8Array.of(1, 2),
  bigints: BigInt64Array.of(1n),
  buffer: new ArrayBuffer(8),
  view: new DataView(new ArrayBuffer(8)),
  proxy: new Proxy({}, {}),
};

/** ArrayBuffer as of ES2024, which the types do not know yet. */
const Resizable = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void };

const detached = <T extends Int32Array | Uint8Array>(array: T): T => {
  structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  return array;
};

/** Calls with a sample of every type but those accepted; each must be a TypeError that names it. */
function refuses(t: Test, name: RegExp, accepted: string[], call: Call): void {
  const failures: string[] = [];
  for (const [type, sample] of Object.entries(samples)) {
    if (accepted.includes(type)) continue;
    try {
      const result = call(sample);
      if (result instanceof Promise) result.catch(() => undefined);
      failures.push(`${type} was accepted`);
    } catch (error) {
      if (error instanceof TypeError && name.test(error.message)) continue;
      failures.push(`${type}: ${String(error)}`);
    }
  }
  t.same(failures, [], String(name));
}

/** The same for each field of an object. */
function refusesFields(t: Test, fields: Record<string, string[]>, call: Call): void {
  for (const [field, accepted] of Object.entries(fields)) {
    refuses(t, new RegExp(`\\.${field}\\b`), accepted, (value) => call({ [field]: value }));
  }
}

t.test('initialize, info and list_cases', async (t) => {
  refuses(t, /initialize: make_error/, ['function'], native.initialize as Call);
  t.match(native.info(), { cpu: { brand: String }, threads: { reason: String } });
  t.ok(native.list_cases().length > 0);
});

t.test('load_model', async (t) => {
  const load = native.load_model as Call;
  refuses(t, /request/, [], load);
  refusesFields(
    t,
    {
      config: ['string'],
      kind: ['string'],
      path: ['string', 'undefined'],
      seed: ['number'],
      device: ['string'],
      dtype: ['string'],
      threads: ['number'],
    },
    (change) => load(tiny.loadRequest(change as object)),
  );
  for (const change of [{ seed: -1 }, { seed: 0.5 }, { seed: NaN }, { seed: 2 ** 53 }]) {
    t.throws(() => load(tiny.loadRequest(change)), RangeError);
  }
  for (const threads of [-1, 1.5, Infinity, 1e99]) {
    t.throws(() => load(tiny.loadRequest({ threads })), { name: 'RangeError', message: /threads/ });
  }
  t.throws(() => load(tiny.loadRequest({ path: 'a\0b' })), RangeError);
  await t.rejects(native.load_model(tiny.loadRequest({ kind: 'other' })), /other/);
  await t.rejects(native.load_model(tiny.loadRequest({ config: '{' })), Error);
  for (const change of [{ device: 'toaster' }, { device: 'cuda' }, { dtype: 'fp64' }]) {
    await t.rejects(native.load_model(tiny.loadRequest(change)), { code: 'ERR_BACKEND' });
  }
  await t.rejects(native.load_model(tiny.loadRequest({ path: '/no/such/place' })), {
    code: 'ERR_NOT_FOUND',
  });
});

t.test('forward: types', async (t) => {
  const model = await tiny.load();
  const forward = (request: unknown): unknown => {
    const job = model.forward(request as NativeForwardRequest);
    return job.promise;
  };
  refuses(t, /request/, [], forward);
  const integers = ['int32s'];
  const optional = ['int32s', 'undefined'];
  const flags = ['boolean', 'undefined'];
  refusesFields(
    t,
    {
      tokens: integers,
      segments: integers,
      positions: integers,
      columns: integers,
      cu_seqlens: integers,
      width: ['number'],
      hidden_states: flags,
      attentions: flags,
      float64: flags,
      head_rows: optional,
      head_cu: optional,
      choices: ['number', 'undefined'],
    },
    (change) => forward({ ...tiny.request(), ...(change as object) }),
  );
});

t.test('forward: labels', async (t) => {
  const model = await tiny.load();
  const forward = (labels: unknown): unknown =>
    model.forward({ ...tiny.request(), labels: labels as Fields }).promise;
  const objects = ['undefined', 'object', 'proxy', 'array', 'function'];
  const arrays = ['int32s', 'floats', 'bytes', 'int8s', 'bigints', 'buffer', 'view'];
  refuses(t, /labels/, [...objects, ...arrays], forward);
  refusesFields(
    t,
    {
      labels: ['int32s', 'floats', 'undefined'],
      problem_type: ['string', 'undefined'],
      sentence_order: ['int32s', 'undefined'],
      start_positions: ['int32s', 'undefined'],
      end_positions: ['int32s', 'undefined'],
      is_impossible: ['floats', 'undefined'],
    },
    forward,
  );
  const expected = { name: 'RangeError', message: /problem_type/ };
  t.throws(() => forward({ problem_type: 'other' }), expected);
});

t.test('forward: values', async (t) => {
  const model = await tiny.load();
  const fields = 'batch|(input|token_type|position)_ids|columns|choices|output_dtype|logits_pos';
  const expected = { message: new RegExp(`^(${fields}|forward: request\\.(width|choices))`) };
  const wrong: Record<string, Fields> = {
    'no sequence': { cu_seqlens: Int32Array.of(0) },
    'no offsets': { cu_seqlens: new Int32Array() },
    'offsets that go back': { cu_seqlens: Int32Array.of(0, 20, 16) },
    'offsets past the end': { cu_seqlens: Int32Array.of(0, 8, 17) },
    'a negative offset': { cu_seqlens: Int32Array.of(-1, 8, 16) },
    'an empty sequence': { cu_seqlens: Int32Array.of(0, 0, 16) },
    'fewer segments than tokens': { segments: new Int32Array(3) },
    'fewer positions than tokens': { positions: new Int32Array(3) },
    'fewer columns than tokens': { columns: new Int32Array(3) },
    'a token below 0': { tokens: new Int32Array(16).fill(-1) },
    'a token outside the vocabulary': { tokens: new Int32Array(16).fill(40) },
    'segment 2': { segments: new Int32Array(16).fill(2) },
    'a position past the table': { positions: new Int32Array(16).fill(16) },
    'a column past the width': { width: 4 },
    'columns that repeat': { columns: new Int32Array(16) },
    'no width': { width: 0 },
    'a negative width': { width: -1 },
    'a broken width': { width: 8.5 },
    'a width without end': { width: Infinity },
    'choices that do not divide the batch': { choices: 3 },
    'no choices': { choices: 0 },
    'float64 on the cpu': { float64: true },
    'rows without offsets': { head_rows: Int32Array.of(0) },
  };
  for (const [name, change] of Object.entries(wrong)) {
    t.throws(() => model.forward({ ...tiny.request(), ...change }).promise, expected, name);
  }
  t.ok(await model.forward(tiny.request()).promise, 'and the model still works');
});

t.test('forward: hostile objects', async (t) => {
  const model = await tiny.load();
  const own = new EvalError('on purpose');
  const throwing = Object.defineProperty(tiny.request(), 'width', {
    get: () => {
      throw own;
    },
  });
  t.throws(() => model.forward(throwing), own, 'an exception of a getter passes through');
  const disposing = await tiny.load();
  const request = Object.defineProperty(tiny.request(), 'width', {
    get: () => {
      void disposing.dispose();
      return 8;
    },
  });
  t.throws(() => disposing.forward(request), { code: 'ERR_DISPOSED' });
  const { promise } = model.forward(new Proxy(tiny.request(), {}));
  t.ok(await promise, 'a proxy is an object');
});

async function lastHiddenState(model: NativeModel, change: Fields = {}): Promise<unknown> {
  return (await model.forward({ ...tiny.request(), ...change }).promise)['last_hidden_state'];
}

t.test('buffers that are detached, shared, resized or changed later', async (t) => {
  const model = await tiny.load();
  const expected = await lastHiddenState(model);
  const { tokens } = tiny.request();
  t.throws(() => model.forward({ ...tiny.request(), tokens: detached(tokens.slice()) }), {
    name: 'TypeError',
    message: /tokens: .*detached/,
  });
  const shared = new Int32Array(new SharedArrayBuffer(tokens.byteLength));
  shared.set(tokens);
  t.same(await lastHiddenState(model, { tokens: shared }), expected);

  const resizable = new Resizable(tokens.byteLength, { maxByteLength: 2 * tokens.byteLength });
  const window = new Int32Array(resizable, 0, tokens.length);
  window.set(tokens);
  t.same(await lastHiddenState(model, { tokens: window }), expected);
  resizable.resize(4);
  t.throws(() => model.forward({ ...tiny.request(), tokens: window }));

  const changing = tokens.slice();
  const { promise } = model.forward({ ...tiny.request(), tokens: changing });
  changing.fill(-1);
  t.same((await promise)['last_hidden_state'], expected, 'arguments are copied');
});

t.test('save', async (t) => {
  const model = await tiny.load();
  refuses(t, /save: file/, ['string'], (file) => model.save(file as string));
  t.throws(() => model.save('a\0b'), RangeError);
  await t.rejects(model.save('/no/such/folder/model.safetensors'), { code: 'ERR_IO' });
});

t.test('load_tokenizer', async (t) => {
  const create = native.load_tokenizer as Call;
  refuses(t, /model/, ['bytes'], (model) => create(model, tiny.tokenizerOptions));
  refuses(t, /options/, [], (options) => create(new Uint8Array(1), options));
  const flags = ['do_lower_case', 'remove_space', 'keep_accents', 'google_rules'];
  refusesFields(t, Object.fromEntries(flags.map((name) => [name, ['boolean']])), (change) =>
    create(new Uint8Array(1), { ...tiny.tokenizerOptions, ...(change as object) }),
  );
  t.throws(() => create(detached(new Uint8Array(8)), tiny.tokenizerOptions), /detached/);
  for (const bytes of [new Uint8Array(), new Uint8Array(1000).fill(255)]) {
    await t.rejects(create(bytes, tiny.tokenizerOptions) as Promise<unknown>, {
      code: 'ERR_FORMAT',
    });
  }
});

t.test('encode and encode_batch', async (t) => {
  const tokenizer = await tiny.tokenizer();
  const encode = tokenizer.encode.bind(tokenizer) as Call;
  const batch = tokenizer.encode_batch.bind(tokenizer) as Call;
  const options = tiny.encodeOptions;
  refuses(t, /text/, ['string'], (text) => encode(text, undefined, options));
  refuses(t, /pair/, ['string', 'undefined'], (pair) => encode('a', pair, options));
  refuses(t, /texts/, ['array'], (texts) => batch(texts, undefined, options));
  refuses(t, /texts\[1\]/, ['string'], (text) => batch(['a', text], undefined, options));
  refuses(t, /pairs/, ['array', 'undefined'], (pairs) => batch([], pairs, options));
  refuses(t, /pairs\[0\]/, ['string'], (pair) => batch(['a'], [pair], options));
  t.throws(() => batch(['a'], [], options), { name: 'RangeError', message: /as many pairs/ });
  t.throws(() => batch(new Array(3), undefined, options), TypeError, 'an array with holes');
  const fields = {
    add_special_tokens: ['boolean'],
    truncation: ['string'],
    max_length: ['number'],
    stride: ['number'],
    return_overflowing_tokens: ['boolean'],
  };
  for (const call of [encode.bind(null, 'a'), batch.bind(null, ['a'])]) {
    refuses(t, /options/, [], (value) => call(undefined, value));
    refusesFields(t, fields, (change) => call(undefined, { ...options, ...(change as object) }));
    for (const change of [{ truncation: 'x' }, { max_length: -1 }, { stride: 2 ** 31 }]) {
      t.throws(() => call(undefined, { ...options, ...change }), RangeError);
    }
  }
  const impossible = { ...options, truncation: 'longest_first' as const, max_length: 1 };
  t.throws(() => tokenizer.encode('a', undefined, impossible), RangeError);
  await t.rejects(tokenizer.encode_batch(['a'], undefined, impossible), RangeError);
  t.same(await tokenizer.encode_batch([], undefined, options), []);
});

t.test('the other calls of the tokenizer', async (t) => {
  const tokenizer = await tiny.tokenizer();
  const [tokenize, ids, decode, piece, find] = (
    ['tokenize', 'sentencepiece_ids', 'decode', 'piece', 'find'] as const
  ).map((name) => (tokenizer[name] as Call).bind(tokenizer)) as [Call, Call, Call, Call, Call];
  refuses(t, /text/, ['string'], tokenize);
  refuses(t, /text/, ['string'], ids);
  refuses(t, /piece/, ['string'], find);
  refuses(t, /id/, ['number'], piece);
  refuses(t, /ids/, ['int32s'], (value) => decode(value, true, true));
  refuses(t, /skip_special_tokens/, ['boolean'], (value) => decode(Int32Array.of(5), value, true));
  refuses(t, /clean_up_spaces/, ['boolean'], (value) => decode(Int32Array.of(5), true, value));
  for (const id of [-1, tokenizer.vocab_size, 1.5, NaN]) t.throws(() => piece(id), RangeError);
  t.throws(() => decode(Int32Array.of(tokenizer.vocab_size), true, true), RangeError);
  t.throws(() => decode(detached(Int32Array.of(5)), true, true), /detached/);
  t.equal(find('no such piece'), -1);
});

t.test('check_case and time_case', async (t) => {
  const [name = ''] = native.list_cases();
  for (const call of [native.check_case, native.time_case] as Call[]) {
    refuses(t, /name/, ['string'], (value) => call(value, '', 'fp32'));
    refuses(t, /instruction_set/, ['string'], (value) => call(name, value, 'fp32'));
    refuses(t, /dtype/, ['string'], (value) => call(name, '', value));
    const wrong = { 'no such case': ['', 'fp32'], [name]: ['toaster', 'fp32'] };
    for (const [which, options] of Object.entries(wrong)) {
      const code = which === name ? 'ERR_BACKEND' : 'ERR_NOT_FOUND';
      await t.rejects(call(which, ...options) as Promise<unknown>, { code });
    }
    for (const dtype of ['fp16', 'fp64', '']) {
      await t.rejects(call(name, '', dtype) as Promise<unknown>, { code: 'ERR_BACKEND' });
    }
  }
});

t.test('measure_peak', async (t) => {
  const measure = native.measure_peak as Call;
  refuses(t, /working_set/, ['number'], (value) => measure(value, '', 'fp32'));
  refuses(t, /instruction_set/, ['string'], (value) => measure(0, value, 'fp32'));
  refuses(t, /dtype/, ['string'], (value) => measure(0, '', value));
  t.throws(() => measure(-1, '', 'fp32'), RangeError);
  await t.rejects(measure(0, 'toaster', 'fp32') as Promise<unknown>, { code: 'ERR_BACKEND' });
  await t.rejects(measure(0, '', 'fp16') as Promise<unknown>, { code: 'ERR_BACKEND' });
});

t.test('methods and getters refuse other receivers', async (t) => {
  const model = await tiny.load();
  const tokenizer = await tiny.tokenizer();
  const job = model.forward(tiny.request());
  await job.promise;
  const natives: object[] = [model, tokenizer, job];
  for (const native of natives) {
    const prototype = Object.getPrototypeOf(native) as object;
    const others = [...Object.values(samples), ...natives.filter((other) => other !== native)];
    others.push(prototype, Object.create(native), new Proxy(native, {}));
    const members = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    for (const [name, { value, get }] of members) {
      if (name === 'constructor') continue;
      const call = (get ?? value) as Call;
      const accepted = others.filter((other) => !throwsTypeError(() => call.call(other)));
      t.same(accepted, [], name);
    }
  }
  t.equal(model.disposed, false);
});

function throwsTypeError(call: Call): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

t.test('the classes make no instances for JavaScript', async (t) => {
  const model = await tiny.load();
  for (const native of [model, await tiny.tokenizer(), model.forward(tiny.request())] as object[]) {
    const Native = native.constructor as new () => object;
    t.throws(() => new Native(), TypeError);
    t.throws(() => Reflect.construct(Native, [], Object), TypeError);
    t.throws(() => (Native as unknown as Call)(), TypeError);
    t.throws(() => new (class extends Native {})(), TypeError);
  }
});

// How the device is used: memory billed before it is taken, one wait at the end of a step, replayed
// passes, fused epilogues, the L2 cache. By the emulator's log of what the library called.
import path from 'node:path';
import t, { type Test } from 'tap';
import { emulated } from '../support/cuda';
import { runNode } from '../support/forward';

t.setTimeout(600_000);
const index = path.join(__dirname, '../../dist/index.js');

const config = {
  vocab_size: 40,
  embedding_size: 8,
  hidden_size: 16,
  num_hidden_layers: 4,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 128,
  hidden_act: 'gelu_new',
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

/** What a child process has at hand: the library, token ids, the log, and what it prints. */
const prelude = `
  const fs = require('node:fs');
  const albert = require(${JSON.stringify(index)});
  const tokens = (length, first = 1) => Array.from({ length }, (_, i) => 1 + ((first + i) % 39));
  const readLog = () => fs.readFileSync(process.env.ALBERT_EMULATOR_LOG, 'utf8').split('\\n');
  const logged = async (body) => {
    const before = readLog().length - 1;
    const result = await body();
    return { result, calls: readLog().slice(before).filter(Boolean) };
  };
  const say = (value) => console.log(JSON.stringify(value));
  const failure = ({ code, message }) => ({ code, message });
`;

interface Calls {
  result: unknown;
  calls: string[];
}

/** Runs a body in a process of its own on the emulated device; what it said, a value a line. */
async function run<T>(t: Test, body: string, env: Record<string, string> = {}): Promise<T[]> {
  const log = path.join(t.testdir({ 'calls.log': '' }), 'calls.log');
  const script = `${prelude} const config = ${JSON.stringify(config)};
    (async () => { ${body} })().catch((error) => { console.error(error); process.exitCode = 1; });`;
  const child = { env: { ...emulated(), ALBERT_EMULATOR_LOG: log, ...env } };
  const { output, errors, code } = await runNode(['-e', script], child);
  if (code !== 0) throw new Error(`the child process ended with ${code}: ${errors}`);
  return output.trim().split('\n').map((line) => JSON.parse(line) as T);
}

const count = (calls: readonly string[], start: string): number =>
  calls.filter((call) => call.startsWith(start)).length;

/** That a step that has been made before waits once and allocates nothing. */
function judgeStep(t: Test, calls: readonly string[]): void {
  for (const call of ['malloc', 'free', 'host_alloc', 'host_free', 'pageable_copy']) {
    t.equal(count(calls, call), 0, `no ${call}`);
  }
  t.equal(count(calls, 'synchronize'), 1, 'one wait, at the end');
}

interface Refusal {
  code: string;
  message: string;
}

/** Sizes in the words of a refusal, in MiB. */
function sizesOf({ message }: Refusal): { needed: number; free: number } {
  const found = /: ([\d.]+) MiB more are needed, ([\d.]+) MiB are free on cuda;/.exec(message);
  if (!found) throw new Error(`no sizes in: ${message}`);
  return { needed: Number(found[1]), free: Number(found[2]) };
}

const MiB = 1 << 20;
const large = { hidden_size: 256, intermediate_size: 1024, embedding_size: 64, vocab_size: 4000 };

t.test('a model that does not fit is refused with its bill', async (t) => {
  const body = `
    const big = { ...config, ...${JSON.stringify(large)} };
    const { result, calls } = await logged(() =>
      albert.AlbertModel.from_config(big, { device: 'cuda' }).then(() => ({}), failure));
    say({ result, calls });`;
  const limit = { ALBERT_EMULATOR_MEMORY: String(2 * MiB) };
  const [refused] = await run<Calls>(t, body, limit);
  const refusal = refused!.result as Refusal;
  t.equal(refusal.code, 'ERR_MEMORY');
  t.match(refusal.message, /^the weights: .*; use a narrower dtype or smaller batches\. The bill/);
  t.match(refusal.message, /weights: mapping and layers [\d.]+ MiB/);
  t.equal(count(refused!.calls, 'malloc'), 0, 'nothing was allocated');
  const { needed } = sizesOf(refusal);
  const enough = { ALBERT_EMULATOR_MEMORY: String(Math.ceil((needed + 0.1) * MiB)) };
  const [loaded] = await run<Calls>(t, body, enough);
  t.same(loaded!.result, {}, 'what the bill says is enough');
});

t.test('a forward pass that does not fit, and a smaller one that does', async (t) => {
  const body = `
    const model = await albert.AlbertForMaskedLM.from_config(config, { device: 'cuda' });
    const held = model.memory().reduce((sum, { bytes }) => sum + bytes, 0);
    const input_ids = Array.from({ length: 60 }, () => tokens(128));
    const { result, calls } = await logged(() => model({ input_ids }).then(() => ({}), failure));
    const small = await model({ input_ids: [tokens(4)] });
    say({ held, result, calls, dims: small.logits.dims });`;
  type Answer = Calls & { held: number; dims: number[] };
  const [first] = await run<Answer>(t, body, { ALBERT_EMULATOR_MEMORY: String(3 * MiB) });
  const refusal = first!.result as Refusal;
  t.equal(refusal.code, 'ERR_MEMORY');
  t.match(refusal.message, /^a forward pass over \d+ tokens: .* qkv [\d.]+ MiB/);
  t.match(refusal.message, /scratch of kernels and matrix products [\d.]+ MiB/);
  t.equal(count(first!.calls, 'malloc'), 0, 'nothing was allocated for it');
  t.same(first!.dims, [1, 4, config.vocab_size], 'a smaller one is computed');
  const { needed, free } = sizesOf(refusal);
  const enough = String(3 * MiB + Math.ceil((needed - free + 0.2) * MiB));
  const [second] = await run<Answer>(t, body, { ALBERT_EMULATOR_MEMORY: enough });
  t.same(second!.result, {}, 'what the bill says is enough');
});

const trainerOf = (bf16: boolean, act = 'gelu_new'): string => `
  const model = await albert.AlbertForPreTraining.from_config(
    { ...config, hidden_act: '${act}' }, { device: 'cuda' });
  const trainer = new albert.Trainer(model, {
    learning_rate: 1e-3, max_steps: 10, train_batch_size: 2, lr_scheduler_type: 'constant',
    bf16: ${bf16}, dropout: false });
  const batch = {
    input_ids: [tokens(12), tokens(9, 7)],
    labels: [tokens(12, 3), tokens(9, 5)],
    sentence_order_label: [0, 1],
  };`;

t.test('training that does not fit', async (t) => {
  const big = JSON.stringify({ ...config, ...large });
  const body = `
    const config = ${big};
    ${trainerOf(false)}
    const rows = (value) => Array.from({ length: 16 }, () => value);
    const wide = { input_ids: rows(tokens(128)), labels: rows(tokens(128, 3)),
      sentence_order_label: rows(0) };
    const { result, calls } = await logged(() => trainer.step(wide).then(() => ({}), failure));
    say({ result, calls });`;
  const inner = `{ ${body} }`;
  const [refused] = await run<Calls>(t, inner, { ALBERT_EMULATOR_MEMORY: String(16 * MiB) });
  const refusal = refused!.result as Refusal;
  t.equal(refusal.code, 'ERR_MEMORY');
  t.match(refusal.message, /^a trainer: .*master weights [\d.]+ MiB, gradients [\d.]+ MiB/);
  t.equal(count(refused!.calls, 'malloc'), 0, 'nothing was allocated for it');
  const { needed, free } = sizesOf(refusal);
  const start = 16 + (needed - free) + 0.2;
  const env = { ALBERT_EMULATOR_MEMORY: String(Math.ceil(start * MiB)) };
  const [update] = await run<Calls>(t, inner, env);
  const activations = update!.result as Refusal;
  t.match(activations.message, /^an update over 2048 tokens: .*gradients of activations/);
});

for (const bf16 of [false, true]) {
  t.test(`a step like the one before, ${bf16 ? 'bf16' : 'fp32'}`, async (t) => {
    const steps = await run<Calls>(t, `${trainerOf(bf16)}
      for (let i = 0; i < 3; ++i) say(await logged(() => trainer.step(batch)));`);
    t.equal(steps.length, 3);
    for (const { calls } of steps.slice(1)) judgeStep(t, calls);
    t.equal(count(steps[2]!.calls, 'graph'), config.num_hidden_layers, 'passes are replayed');
    const losses = steps.map(({ result }) => (result as { loss: number }).loss);
    t.ok(losses[1]! < losses[0]! && losses[2]! < losses[1]!, `${losses} fall`);
  });
}

const forwards = (options: object): string => `
  const model = await albert.AlbertModel.from_config(
    config, { device: 'cuda', ...${JSON.stringify(options)} });
  const input_ids = [tokens(30), tokens(17, 9)];
  for (let i = 0; i < 3; ++i) {
    say(await logged(async () => (await model({ input_ids })).last_hidden_state.tolist()));
  }`;

for (const dtype of ['fp32', 'bf16', 'int8', 'fp16']) {
  t.test(`forward passes, ${dtype}: replayed, waiting once`, async (t) => {
    const passes = await run<Calls>(t, forwards({ dtype }));
    const plain = await run<Calls>(t, forwards({ dtype }), { ALBERT_CUDA_GRAPHS: '0' });
    judgeStep(t, passes[2]!.calls);
    t.equal(count(passes[2]!.calls, 'capture'), 0, 'nothing new to capture');
    judgeStep(t, plain[2]!.calls);
    t.equal(count(passes[0]!.calls, 'capture'), 1, 'the passes are one and the same');
    t.equal(count(passes[0]!.calls, 'graph'), config.num_hidden_layers - 1, 'but for the first');
    t.equal(count(passes[2]!.calls, 'graph'), config.num_hidden_layers, 'then all are replayed');
    t.equal(count(plain[2]!.calls, 'graph'), 0, 'ALBERT_CUDA_GRAPHS=0 turns that off');
    for (const { result } of [...passes, ...plain]) t.same(result, passes[0]!.result, 'same bits');
  });
}

t.test('passes that cannot be captured run as they are', async (t) => {
  const [first, , third] = await run<Calls>(t, forwards({}));
  const env = { ALBERT_EMULATOR_FAILING_CAPTURES: '1' };
  const once = await run<Calls>(t, forwards({}), env);
  t.ok(count(once[0]!.calls, 'capture') === 2, 'the next pass is captured');
  t.equal(count(once[2]!.calls, 'graph'), config.num_hidden_layers);
  const never = { ALBERT_EMULATOR_FAILING_CAPTURES: '1000' };
  const plain = await run<Calls>(t, forwards({}), never);
  t.equal(count(plain[0]!.calls, 'capture') + count(plain[1]!.calls, 'capture'), 3, 'given up');
  t.equal(count(plain[2]!.calls, 'capture') + count(plain[2]!.calls, 'graph'), 0);
  for (const { result } of [third!, ...once, ...plain]) t.same(result, first!.result, 'same bits');
});

t.test('models of two dtypes on one GPU do not disturb each other', async (t) => {
  // One captures its passes, of ever new sizes, while the other's weights are copied.
  const [answer] = await run<{ errors: string[]; captures: number }>(t, `
    const wide = { ...config, hidden_size: 64, intermediate_size: 256, vocab_size: 2000 };
    const model = await albert.AlbertModel.from_config(config, { device: 'cuda', dtype: 'bf16' });
    const errors = [];
    let loading = true;
    const load = async () => {
      for (let i = 0; i < 12; ++i) {
        await albert.AlbertModel.from_config(wide, { device: 'cuda', dtype: 'fp32', seed: i })
          .catch(({ message }) => errors.push(message));
      }
      loading = false;
    };
    const loads = load();
    for (let i = 0; loading || i < 8; ++i) {
      await model({ input_ids: [tokens(4 << (i % 5))] })
        .catch(({ message }) => errors.push(message));
    }
    await loads;
    const captures = readLog().filter((line) => line.startsWith('capture')).length;
    say({ errors, captures });`, { ALBERT_EMULATOR_CAPTURE_MS: '30' });
  t.same(answer!.errors, []);
  t.ok(answer!.captures > 0, `${answer!.captures} captures`);
});

t.test('batches of one bucket share a recording', async (t) => {
  const [first, second] = await run<Calls>(t, `
    const model = await albert.AlbertModel.from_config(config, { device: 'cuda' });
    for (const length of [50, 61]) {
      say(await logged(async () => (await model({ input_ids: [tokens(length)] })).pooler_output));
    }`);
  t.equal(count(first!.calls, 'capture'), 1);
  t.equal(count(second!.calls, 'capture'), 0, 'both are computed as 64 rows');
  t.equal(count(second!.calls, 'graph'), config.num_hidden_layers);
});

t.test('new weights are not computed from a recording of the old ones', async (t) => {
  const body = `${trainerOf(false)}
    const logits = async () => (await model({ input_ids: [tokens(12)] })).sop_logits.tolist();
    for (let i = 0; i < 3; ++i) {
      await trainer.step(batch);
      await logits();
      say(await logits());
    }`;
  const outputs = await run<number[][]>(t, body);
  const plain = await run<number[][]>(t, body, { ALBERT_CUDA_GRAPHS: '0' });
  t.same(outputs, plain);
  t.notSame(outputs[0], outputs[2], 'training changes them');
});

t.test('epilogues of linear backward', async (t) => {
  for (const [act, fused] of [['gelu_new', true], ['gelu', false], ['relu', false]] as const) {
    for (const bf16 of [false, true]) {
      const [step] = await run<Calls>(t, `${trainerOf(bf16, act)}
        say(await logged(() => trainer.step(batch)));`);
      const name = `${act}, ${bf16 ? 'bf16' : 'fp32'}`;
      const slopes = count(step!.calls, 'matmul epilogue=192 ');
      // cuBLASLt does not say how exact its GELU is: float32 has its own.
      const wanted = fused && bf16 ? config.num_hidden_layers : 0;
      t.equal(slopes, wanted, `${name}: GELU's slope (DGELU)`);
      const sums = count(step!.calls, 'matmul epilogue=512 ');
      t.ok(sums >= 4 * config.num_hidden_layers, `${name}: ${sums} sums for biases (BGRADB)`);
    }
  }
});

t.test('TF32 only where it is allowed', async (t) => {
  for (const [options, allowed] of [
    [{}, false],
    [{ allow_tf32: false }, false],
    [{ allow_tf32: true }, true],
    [{ allow_tf32: true, dtype: 'bf16' }, false],
  ] as const) {
    const [pass] = await run<Calls>(t, forwards(options));
    const [short, all] = [/compute=77$/, /^matmul/].map(
      (pattern) => pass!.calls.filter((call) => pattern.test(call)).length,
    );
    t.ok(all! > 0);
    t.equal(short, allowed ? all : 0, JSON.stringify(options));
  }
  const update = (allow_tf32: boolean) =>
    run<Calls>(t, `
      const model = await albert.AlbertForPreTraining.from_config(
        config, { device: 'cuda', allow_tf32: ${allow_tf32} });
      const trainer = new albert.Trainer(model, { max_steps: 2, train_batch_size: 1 });
      const batch = { input_ids: [tokens(9)], labels: [tokens(9)], sentence_order_label: [0] };
      say(await logged(() => trainer.step(batch)));`);
  const [on] = await update(true);
  const [off] = await update(false);
  t.ok(on!.calls.some((call) => /compute=77$/.test(call)), 'a trainer computes as its model');
  t.notOk(off!.calls.some((call) => /compute=77$/.test(call)));
});

t.test("the layer's matrices are to stay in L2", async (t) => {
  const [pass] = await run<Calls>(t, forwards({}));
  const windows = pass!.calls.filter((call) => call.startsWith('window'));
  t.ok(windows.length >= 4, `${windows.length} windows for four matrices`);
  t.ok(windows.every((call) => call.endsWith(' 1.000')), 'they fit');
});

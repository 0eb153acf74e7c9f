// Results do not depend on company: a batch equals each of its rows alone, to the bit, whatever the
// tile, the thread count, the other callers and the instruction set's own summation order.
import t, { type Test } from 'tap';
import { AlbertModel } from '../../dist/index.js';
import {
  forwardElsewhere,
  instructionSets,
  type ForwardJob,
  type PlainOutputs,
  type PlainTensor,
} from '../support/forward';
import { bits, randomSource } from '../support/tensors';

t.setTimeout(300_000);

const config = {
  vocab_size: 90,
  embedding_size: 20,
  hidden_size: 60,
  num_attention_heads: 3,
  intermediate_size: 100,
  num_hidden_layers: 3,
  max_position_embeddings: 128,
  initializer_range: 0.2,
  num_labels: 5,
};

const lengths = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 128, 7, 7, 1, 64, 17];
const next = randomSource(1);
const rows = lengths.map((length) =>
  Array.from({ length }, () => 5 + Math.floor(next() * (config.vocab_size - 5))),
);
const segments = rows.map((row) => row.map((_, i) => Number(i > row.length / 2)));

const tiles = [1, 7, 64, 1000];
const models: Record<string, object> = {
  AlbertModel: { output_hidden_states: true },
  AlbertForMaskedLM: {},
  AlbertForTokenClassification: {},
  AlbertForSequenceClassification: {},
  AlbertForQuestionAnswering: {},
  AlbertForQuestionAnsweringV2: {},
};

const dtypes = ['fp32', 'bf16', 'int8'];

const jobOf = (model: string, which: readonly number[], load: object): ForwardJob => ({
  model,
  config,
  seed: 2,
  load: { device: 'cpu', ...load },
  inputs: {
    input_ids: which.map((i) => rows[i]),
    token_type_ids: which.map((i) => segments[i]),
  },
  options: models[model] ?? {},
});

const everyRow = rows.map((_, i) => i);
const backwards = [...everyRow].reverse();

/** A batch of rows and how it is loaded. */
interface Company {
  job: ForwardJob;
  which: readonly number[];
}

const singlesIn = (dtype: string): ForwardJob[] =>
  Object.keys(models).flatMap((model) => everyRow.map((i) => jobOf(model, [i], { dtype })));

const batchesIn = (dtype: string): Company[] =>
  Object.keys(models).flatMap((model) => {
    const company = (which: readonly number[], load: object): Company => ({
      job: jobOf(model, which, { dtype, ...load }),
      which,
    });
    return [
      ...tiles.map((tile_tokens) => company(everyRow, { tile_tokens })),
      company(everyRow, {}),
      company(everyRow, { threads: 1 }),
      company(backwards, {}),
    ];
  });

/** Row b of an output [B, …], cut to its own columns where it is shorter than the batch. */
function rowBits(output: PlainTensor, b: number, columns: number): string {
  const [count = 1, width = 1] = output.dims;
  const size = output.data.length / count;
  const perColumn = output.dims.length > 1 && width === 128 ? size / width : 0;
  const begin = b * size;
  return bits(output.data.slice(begin, perColumn ? begin + columns * perColumn : begin + size));
}

const outputsOf = (outputs: PlainOutputs): [string, PlainTensor][] =>
  Object.entries(outputs).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.map((one, i): [string, PlainTensor] => [`${name} ${i}`, one])
      : [[name, value as PlainTensor] as [string, PlainTensor]],
  );

/** How many values of a batch differ from those of its rows alone, and how many were compared. */
function compare(
  batch: PlainOutputs,
  alone: PlainOutputs[],
  which: readonly number[],
): { same: number; different: string[] } {
  let same = 0;
  const different: string[] = [];
  for (const [name, output] of outputsOf(batch)) {
    which.forEach((row, b) => {
      const single = new Map(outputsOf(alone[row] ?? {})).get(name);
      const length = lengths[row] ?? 0;
      const equal = single && rowBits(output, b, length) === bits(single.data);
      if (equal) ++same;
      else different.push(`${name}, row ${row} of ${length}`);
    });
  }
  return { same, different };
}

const allBits = (results: PlainOutputs[]): string[][] =>
  results.map((one) => outputsOf(one).map(([, { data }]) => bits(data)));

/** Runs rows alone and in company with few and many threads, and compares all with the first. */
async function compareCompanies(t: Test, set: string, dtype: string): Promise<void> {
  const [singles, batches] = [singlesIn(dtype), batchesIn(dtype)];
  let expected: PlainOutputs[] | undefined;
  for (const threads of dtype === 'fp32' ? ['1', '2', '5'] : ['1', '2']) {
    const env = { ALBERT_CPU_ISA: set, ALBERT_THREADS: threads };
    const jobs = [...singles, ...batches.map(({ job }) => job)];
    const child = await forwardElsewhere(jobs, { env, concurrent: threads !== '1' });
    t.same([child.instruction_set, child.threads], [set, Number(threads)]);
    const alone = child.results.slice(0, singles.length);
    expected ??= alone;
    t.same(allBits(alone), allBits(expected), `${threads} threads: rows alone are the same`);
    batches.forEach(({ job, which }, i) => {
      const first = Object.keys(models).indexOf(job.model) * rows.length;
      const own = (expected ?? []).slice(first, first + rows.length);
      const { same, different } = compare(child.results[singles.length + i] ?? {}, own, which);
      const what = `${threads} threads, ${job.model}, ${JSON.stringify(job.load)}`;
      t.ok(same >= rows.length, `${what}: ${same} rows are the same`);
      t.same(different, [], what);
    });
  }
}

for (const set of instructionSets) {
  for (const dtype of dtypes) {
    t.test(`${set}, ${dtype}: a batch equals its rows alone, whatever the threads`, (t) =>
      compareCompanies(t, set, dtype));
  }
}

t.test('attention probabilities of a batch equal those of its rows alone', async (t) => {
  const model = await AlbertModel.from_config(config, { device: 'cpu', seed: 2, tile_tokens: 40 });
  const few = rows.slice(0, 8);
  const batch = await model({ input_ids: few }, { output_attentions: true });
  const S = Math.max(...few.map((row) => row.length));
  let compared = 0;
  for (const [b, row] of few.entries()) {
    const alone = await model({ input_ids: [row] }, { output_attentions: true });
    alone.attentions?.forEach(({ data }, block) => {
      const whole = batch.attentions?.[block]?.data ?? [];
      for (let i = 0; i < data.length; ++i) {
        const [head, query] = [
          Math.floor(i / row.length ** 2),
          Math.floor(i / row.length) % row.length,
        ];
        const at = ((b * 3 + head) * S + query) * S + (i % row.length);
        compared += Number(Object.is(whole[at], data[i]));
      }
    });
  }
  t.equal(
    compared,
    few.reduce((sum, row) => sum + 3 * 3 * row.length ** 2, 0),
  );
});

t.test('masked positions are dropped, the others keep their positions', async (t) => {
  const model = await AlbertModel.from_config(config, { device: 'cpu', seed: 2 });
  const input_ids = [
    [9, 8, 7, 6, 5, 4],
    [11, 12, 13, 14, 15, 16],
  ];
  const attention_mask = [
    [1, 0, 1, 1, 0, 1],
    [1, 1, 0, 0, 0, 0],
  ];
  const options = { output_hidden_states: true, output_attentions: true };
  const masked = await model({ input_ids, attention_mask }, options);
  const dropped = await model(
    {
      input_ids: [
        [9, 7, 6, 4],
        [11, 12],
      ],
      position_ids: [
        [0, 2, 3, 5],
        [0, 1],
      ],
    },
    options,
  );
  t.same(masked.last_hidden_state.dims, [2, 6, 60]);
  const whole = masked.last_hidden_state.tolist() as number[][][];
  const short = dropped.last_hidden_state.tolist() as number[][][];
  attention_mask.forEach((row, b) => {
    let kept = 0;
    row.forEach((counts, s) => {
      const expected = counts ? short[b]?.[kept++] : Array<number>(60).fill(0);
      t.same(whole[b]?.[s], expected, `row ${b}, column ${s}`);
    });
  });
  t.equal(bits(masked.pooler_output.data), bits(dropped.pooler_output.data));
  // What stands at a masked position has no influence at all.
  const other = input_ids.map((row, b) => row.map((id, s) => (attention_mask[b]?.[s] ? id : 77)));
  const again = await model({ input_ids: other, attention_mask }, options);
  t.equal(bits(again.last_hidden_state.data), bits(masked.last_hidden_state.data));
  const probabilities = masked.attentions?.[0]?.tolist() as number[][][][];
  t.ok(
    probabilities[0]?.every((head) =>
      head.every((line, q) => {
        const sum = line.reduce((total, x) => total + x, 0);
        const zeros = line[1] === 0 && line[4] === 0;
        return zeros && (attention_mask[0]?.[q] ? Math.abs(sum - 1) < 1e-5 : sum === 0);
      }),
    ),
    'attention goes to kept columns only',
  );
  const full = await model({ input_ids });
  t.not(bits(full.pooler_output.data), bits(masked.pooler_output.data), 'the mask matters');
});

t.test('concurrent callers get what they would get alone', async (t) => {
  const model = await AlbertModel.from_config(config, { device: 'cpu', seed: 2 });
  const alone: string[] = [];
  for (const row of rows)
    alone.push(bits((await model({ input_ids: [row] })).last_hidden_state.data));
  const order = Array.from({ length: 400 }, () => Math.floor(next() * rows.length));
  const together = await Promise.all(
    order.map(async (i) =>
      bits((await model({ input_ids: [rows[i] ?? []] })).last_hidden_state.data),
    ),
  );
  t.equal(together.filter((text, i) => text === alone[order[i] ?? 0]).length, 400);
});

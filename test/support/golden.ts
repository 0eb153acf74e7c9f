// The golden models: their files, checkpoints for heads made from them, and what must come out.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as albert from '../../dist/index.js';
import type { AlbertConfig } from '../../dist/index.js';
import type { ForwardJob, PlainOutputs, PlainTensor } from './forward';
import { readSafetensors, writeSafetensors, type Tensors } from './safetensors';
import { flatten, type absoluteError, type Comparison, type Keep, type Nested } from './tensors';

export const goldenNames = ['tiny_gelu_new_g1', 'tiny_gelu_erf_g2_inner2', 'tiny_relu_g3'] as const;

export const fixtures = path.join(__dirname, '../fixtures');

export function goldenDirectory(name: string): string {
  return path.join(fixtures, 'golden', name);
}

export function readJson<T>(...parts: string[]): T {
  return JSON.parse(readFileSync(path.join(...parts), 'utf8')) as T;
}

export function goldenConfig(name: string): AlbertConfig {
  return readJson(goldenDirectory(name), 'config.json');
}

export interface GoldenValues {
  hidden_states: Nested[];
  attentions: Nested[];
  pooler_output: Nested;
  prediction_logits: Nested;
  sop_logits: Nested;
  loss: number;
  mlm_loss: number;
  sop_loss: number;
  grads: Record<string, Nested>;
  google_masked_lm: {
    positions: number[][];
    ids: number[][];
    weights: number[][];
    per_example_loss: number[];
    loss: number;
  };
  no_mask_no_types_last_hidden: Nested;
  seqcls_logits_3: number[][];
  tokencls_logits_3: Nested;
  qa_start_logits: number[][];
  qa_end_logits: number[][];
  qa_loss: { start_positions: number[]; end_positions: number[]; loss: number };
  multichoice_logits_1x2: Nested;
}

export interface Golden {
  input_ids: number[][];
  attention_mask: number[][];
  token_type_ids: number[][];
  mlm_labels: number[][];
  sentence_order_label: number[];
  f64: GoldenValues;
}

export function readGolden(name: string): Golden {
  return readJson(goldenDirectory(name), 'expected.json');
}

/** What a changed checkpoint is to hold. */
export interface CheckpointChange {
  config?: AlbertConfig;
  tensors?: (tensors: Tensors) => Tensors;
}

/** Writes a checkpoint made from a golden one, and returns its directory. */
export function makeCheckpoint(
  directory: string,
  golden: string,
  change: CheckpointChange,
): string {
  mkdirSync(directory, { recursive: true });
  const tensors = readSafetensors(path.join(goldenDirectory(golden), 'model.safetensors'));
  const config = { ...goldenConfig(golden), ...change.config };
  writeSafetensors(path.join(directory, 'model.safetensors'), change.tensors?.(tensors) ?? tensors);
  writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
  return directory;
}

/** A copy with some names changed; undefined drops a tensor. */
export function renamed(tensors: Tensors, to: (name: string) => string | undefined): Tensors {
  const pairs = [...tensors].map(([name, tensor]) => [to(name), tensor] as const);
  return new Map(pairs.filter((pair): pair is [string, (typeof pair)[1]] => pair[0] !== undefined));
}

/** Expected values of one output, flat, and which of them count. */
export interface Expected {
  values: number[];
  keep?: Keep;
}

/** A forward pass and what must come out of it. */
export interface GoldenCase {
  name: string;
  job: ForwardJob;
  expected: Record<string, Expected | Expected[]>;
}

/** The mean over rows of -log softmax at the target, over the columns a mask keeps. */
export function spanLoss(logits: number[][], targets: number[], mask: number[][]): number {
  const losses = targets.flatMap((target, b) => {
    const row = (logits[b] ?? []).filter((_, s) => mask[b]?.[s] === 1);
    const chosen = row[target];
    if (chosen === undefined) return [];
    return [Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - chosen];
  });
  return losses.reduce((sum, x) => sum + x, 0) / losses.length;
}

/** Checkpoints for heads whose names or sizes differ from those in the golden file. */
function headCheckpoints(name: string, directory: string): { labels: string; choice: string } {
  const labels = makeCheckpoint(path.join(directory, name, 'three-labels'), name, {
    config: { num_labels: 3 },
  });
  const spell = (key: string): string | undefined =>
    key.startsWith('classifier') ? undefined : key.replace('choice_classifier', 'classifier');
  const choice = makeCheckpoint(path.join(directory, name, 'choice'), name, {
    tensors: (all) => renamed(all, spell),
  });
  return { labels, choice };
}

/** All forward passes of a golden model; checkpoints of heads are written below `directory`. */
export function goldenCases(name: string, directory: string): GoldenCase[] {
  const golden = readGolden(name);
  const expect = expectations(golden, goldenConfig(name));
  return [
    ...encoderCases(name, golden, expect),
    ...languageCases(name, golden, expect),
    ...labelCases(headCheckpoints(name, directory), golden, expect),
    questionCase(name, golden, expect),
  ];
}

const inputsOf = ({ input_ids, attention_mask, token_type_ids }: Golden) => ({
  input_ids,
  attention_mask,
  token_type_ids,
});

function encoderCases(name: string, golden: Golden, expect: Expectations): GoldenCase[] {
  const { f64, input_ids } = golden;
  const job = { model: 'AlbertModel', path: goldenDirectory(name) };
  return [
    {
      name: 'encoder and pooler',
      job: { ...job, inputs: inputsOf(golden) },
      expected: {
        last_hidden_state: expect.tokens(f64.hidden_states.at(-1) ?? []),
        pooler_output: expect.rows(f64.pooler_output),
      },
    },
    {
      name: 'no mask, no segments',
      job: { ...job, inputs: { input_ids } },
      expected: { last_hidden_state: expect.rows(f64.no_mask_no_types_last_hidden) },
    },
  ];
}

function languageCases(name: string, golden: Golden, expect: Expectations): GoldenCase[] {
  const { f64, mlm_labels: labels, sentence_order_label } = golden;
  const path_ = goldenDirectory(name);
  const inputs = { ...inputsOf(golden), labels };
  return [
    {
      name: 'pretraining, hidden states, attentions, losses',
      job: {
        model: 'AlbertForPreTraining',
        path: path_,
        inputs: { ...inputs, sentence_order_label },
        options: { output_hidden_states: true, output_attentions: true },
      },
      expected: {
        prediction_logits: expect.tokens(f64.prediction_logits),
        sop_logits: expect.rows(f64.sop_logits),
        hidden_states: f64.hidden_states.map(expect.tokens),
        attentions: f64.attentions.map(expect.queries),
        loss: expect.rows(f64.loss),
        mlm_loss: expect.rows(f64.mlm_loss),
        sop_loss: expect.rows(f64.sop_loss),
      },
    },
    {
      name: 'masked LM',
      job: { model: 'AlbertForMaskedLM', path: path_, inputs },
      expected: {
        logits: expect.tokens(f64.prediction_logits),
        loss: expect.rows(f64.mlm_loss),
      },
    },
  ];
}

function labelCases(
  { labels, choice }: { labels: string; choice: string },
  golden: Golden,
  expect: Expectations,
): GoldenCase[] {
  const { f64 } = golden;
  const inputs = inputsOf(golden);
  const question = Object.fromEntries(
    Object.entries(inputs).map(([field, rows]) => [field, [rows]]),
  );
  return [
    {
      name: 'sequence classification',
      job: { model: 'AlbertForSequenceClassification', path: labels, inputs },
      expected: { logits: expect.rows(f64.seqcls_logits_3) },
    },
    {
      name: 'token classification',
      job: { model: 'AlbertForTokenClassification', path: labels, inputs },
      expected: { logits: expect.tokens(f64.tokencls_logits_3) },
    },
    {
      name: 'multiple choice',
      job: { model: 'AlbertForMultipleChoice', path: choice, inputs: question },
      expected: { logits: expect.rows(f64.multichoice_logits_1x2) },
    },
  ];
}

/** The golden loss counts masked columns in its softmax; ours runs over real positions. */
function questionCase(name: string, golden: Golden, expect: Expectations): GoldenCase {
  const { f64, attention_mask } = golden;
  const { start_positions, end_positions } = f64.qa_loss;
  const start = spanLoss(f64.qa_start_logits, start_positions, attention_mask);
  const end = spanLoss(f64.qa_end_logits, end_positions, attention_mask);
  return {
    name: 'question answering',
    job: {
      model: 'AlbertForQuestionAnswering',
      path: goldenDirectory(name),
      inputs: { ...inputsOf(golden), start_positions, end_positions },
    },
    expected: {
      start_logits: expect.tokens(f64.qa_start_logits),
      end_logits: expect.tokens(f64.qa_end_logits),
      loss: expect.rows((start + end) / 2),
    },
  };
}

/** Expected values: all of them, those of real tokens, those of real tokens' queries. */
interface Expectations {
  rows(values: Nested): Expected;
  tokens(values: Nested): Expected;
  queries(values: Nested): Expected;
}

/** Which elements of [B, S, …] and of [B, A, S, S] belong to positions that are not masked. */
function expectations({ attention_mask }: Golden, config: AlbertConfig): Expectations {
  const mask = attention_mask.flat();
  const length = attention_mask[0]?.length ?? 0;
  const heads = config.num_attention_heads ?? 1;
  return {
    rows: (values) => ({ values: flatten(values) }),
    tokens(nested) {
      const values = flatten(nested);
      const columns = values.length / mask.length;
      return { values, keep: (i) => mask[Math.floor(i / columns)] === 1 };
    },
    queries: (values) => ({
      values: flatten(values),
      keep(i) {
        const row = Math.floor(i / length);
        const sequence = Math.floor(row / (length * heads));
        return attention_mask[sequence]?.[row % length] === 1;
      },
    }),
  };
}

type AnyModel = (inputs: object, options?: object) => Promise<PlainOutputs>;
interface AnyClass {
  from_pretrained(path: string, options: object): Promise<AnyModel>;
}

/** Runs a golden case in this process, on a model loaded with these options. */
export async function runGolden(
  { job }: GoldenCase,
  load: object,
  options: object = {},
): Promise<PlainOutputs> {
  const Model = (albert as unknown as Record<string, AnyClass>)[job.model] as AnyClass;
  const model = await Model.from_pretrained(job.path ?? '', load);
  return model(job.inputs, { ...job.options, ...options });
}

type ErrorOf = typeof absoluteError;

/** The values of an output: a tensor, one of a list, or a loss. */
function valuesOf(output: PlainTensor | number | undefined): ArrayLike<number> {
  if (output === undefined) return [];
  return typeof output === 'number' ? [output] : output.data;
}

/** The worst error over all outputs of a case; a missing output counts as infinitely wrong. */
export function compareAll(
  outputs: PlainOutputs,
  { expected }: GoldenCase,
  errorOf: ErrorOf,
): Comparison {
  const total: Comparison = { compared: 0, worst: 0 };
  const add = (actual: PlainTensor | number | undefined, { values, keep }: Expected): void => {
    const { compared, worst } = errorOf(valuesOf(actual), values, keep);
    total.compared += compared;
    total.worst = compared === 0 ? Infinity : Math.max(total.worst, worst);
  };
  for (const [name, wanted] of Object.entries(expected)) {
    const actual = outputs[name];
    if (!Array.isArray(wanted)) add(actual as PlainTensor | number, wanted);
    else wanted.forEach((one, i) => add((actual as PlainTensor[] | undefined)?.[i], one));
    if (Array.isArray(wanted) && (actual as unknown[])?.length !== wanted.length) {
      total.worst = Infinity;
    }
  }
  return total;
}

// The golden models: their files, checkpoints for heads made from them, and what must come out.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AlbertConfig } from '../../dist/index.js';
import type { ForwardJob } from './forward';
import { readSafetensors, writeSafetensors, type Tensors } from './safetensors';
import { flatten, type Keep, type Nested } from './tensors';

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
export function makeCheckpoint(directory: string, golden: string, change: CheckpointChange): string {
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

/** All forward passes of a golden model; checkpoints of heads are written below `directory`. */
export function goldenCases(name: string, directory: string): GoldenCase[] {
  const golden = readGolden(name);
  const { input_ids, attention_mask, token_type_ids, f64 } = golden;
  const inputs = { input_ids, attention_mask, token_type_ids };
  const keep = keepers(golden, goldenConfig(name));
  const rows = (values: Nested): Expected => ({ values: flatten(values) });
  const tokens = (values: Nested): Expected => ({ values: flatten(values), keep: keep.tokens(values) });
  const threeLabels = makeCheckpoint(path.join(directory, name, 'three-labels'), name, {
    config: { num_labels: 3 },
  });
  const choice = makeCheckpoint(path.join(directory, name, 'choice'), name, {
    tensors: (all) =>
      renamed(all, (key) =>
        key.startsWith('classifier') ? undefined : key.replace('choice_classifier', 'classifier'),
      ),
  });
  const path_ = goldenDirectory(name);
  const { start_positions, end_positions } = f64.qa_loss;
  const spans = [
    spanLoss(f64.qa_start_logits, start_positions, attention_mask),
    spanLoss(f64.qa_end_logits, end_positions, attention_mask),
  ];
  return [
    {
      name: 'pretraining, hidden states, attentions, losses',
      job: {
        model: 'AlbertForPreTraining',
        path: path_,
        inputs: {
          ...inputs,
          labels: golden.mlm_labels,
          sentence_order_label: golden.sentence_order_label,
        },
        options: { output_hidden_states: true, output_attentions: true },
      },
      expected: {
        prediction_logits: tokens(f64.prediction_logits),
        sop_logits: rows(f64.sop_logits),
        hidden_states: f64.hidden_states.map(tokens),
        attentions: f64.attentions.map((values) => ({ values: flatten(values), keep: keep.queries })),
        loss: rows(f64.loss),
        mlm_loss: rows(f64.mlm_loss),
        sop_loss: rows(f64.sop_loss),
      },
    },
    {
      name: 'encoder and pooler',
      job: { model: 'AlbertModel', path: path_, inputs },
      expected: {
        last_hidden_state: tokens(f64.hidden_states.at(-1) ?? []),
        pooler_output: rows(f64.pooler_output),
      },
    },
    {
      name: 'no mask, no segments',
      job: { model: 'AlbertModel', path: path_, inputs: { input_ids } },
      expected: { last_hidden_state: rows(f64.no_mask_no_types_last_hidden) },
    },
    {
      name: 'masked LM',
      job: { model: 'AlbertForMaskedLM', path: path_, inputs: { ...inputs, labels: golden.mlm_labels } },
      expected: { logits: tokens(f64.prediction_logits), loss: rows(f64.mlm_loss) },
    },
    {
      name: 'sequence classification',
      job: { model: 'AlbertForSequenceClassification', path: threeLabels, inputs },
      expected: { logits: rows(f64.seqcls_logits_3) },
    },
    {
      name: 'token classification',
      job: { model: 'AlbertForTokenClassification', path: threeLabels, inputs },
      expected: { logits: tokens(f64.tokencls_logits_3) },
    },
    {
      name: 'question answering',
      job: {
        model: 'AlbertForQuestionAnswering',
        path: path_,
        inputs: { ...inputs, start_positions, end_positions },
      },
      expected: {
        start_logits: tokens(f64.qa_start_logits),
        end_logits: tokens(f64.qa_end_logits),
        loss: rows((Number(spans[0]) + Number(spans[1])) / 2),
      },
    },
    {
      name: 'multiple choice',
      job: {
        model: 'AlbertForMultipleChoice',
        path: choice,
        inputs: {
          input_ids: [input_ids],
          attention_mask: [attention_mask],
          token_type_ids: [token_type_ids],
        },
      },
      expected: { logits: rows(f64.multichoice_logits_1x2) },
    },
  ];
}

/** Which elements of [B, S, …] and of [B, A, S, S] belong to positions that are not masked. */
function keepers({ attention_mask }: Golden, config: AlbertConfig) {
  const mask = attention_mask.flat();
  const length = attention_mask[0]?.length ?? 0;
  const heads = config.num_attention_heads ?? 1;
  return {
    tokens(values: Nested): Keep {
      const columns = flatten(values).length / mask.length;
      return (i) => mask[Math.floor(i / columns)] === 1;
    },
    queries: (i: number): boolean => {
      const row = Math.floor(i / length);
      const sequence = Math.floor(row / (length * heads));
      return attention_mask[sequence]?.[row % length] === 1;
    },
  };
}

// The sole door to the binary: its types, and the one place that loads it.
import path from 'node:path';
import nodeGypBuild from 'node-gyp-build';
import { AlbertError, errorFromNative } from './errors.js';
import type {
  NativePretrainingStream,
  NativeRecordReader,
  NativeRecordWriter,
  NativeTokenizer,
  NativeTokenizerOptions,
} from './native-data.js';

export type * from './native-data.js';

/** Numbers as they cross the door: a flat array and its shape. */
export interface NativeTensor {
  dims: number[];
  data: Float32Array | Float64Array | Int32Array;
}

/** Which heads a model has; decides parameters, outputs and losses. */
export type ModelKind =
  | 'base'
  | 'pretraining'
  | 'masked_lm'
  | 'sequence_classification'
  | 'token_classification'
  | 'question_answering'
  | 'question_answering_v2'
  | 'multiple_choice';

export interface NativeLoadRequest {
  /** The text of config.json. */
  config: string;
  kind: ModelKind;
  /** A checkpoint directory or a .safetensors file; absent = fresh weights from `seed`. */
  path?: string;
  /** Seed of fresh weights and of heads that the checkpoint lacks. */
  seed: number;
  device: string;
  dtype: string;
  /** Whether float32 products on CUDA may be rounded to TF32; absent = false. */
  allow_tf32?: boolean;
  /** Upper bound for this model's jobs; 0 = all threads of the pool. */
  threads: number;
  /** Tokens that may wait before forward() throws ERR_BUSY; default 2^20. */
  max_queued_tokens?: number;
  /** Tokens of a tile; absent = planned. Changes speed, never results. */
  tile_tokens?: number;
}

/**
 * A packed batch: T kept tokens of B sequences, nothing padded. `columns[t]` is the column of the
 * output row ([B, width, …]) that token t fills; positions nobody fills stay 0.
 */
export interface NativeForwardRequest {
  tokens: Int32Array;
  segments: Int32Array;
  positions: Int32Array;
  columns: Int32Array;
  /** (B + 1): sequence b owns tokens [c[b], c[b + 1]). */
  cu_seqlens: Int32Array;
  width: number;
  hidden_states?: boolean;
  attentions?: boolean;
  /** Outputs as Float64Array; device "reference" only. */
  float64?: boolean;
  /**
   * Packed token indices that the head computes, grouped by sequence, with (B + 1) offsets: masked
   * LM logits come as [B, most rows of a sequence, V]; for the span-v2 head, the answer candidates.
   */
  head_rows?: Int32Array;
  head_cu?: Int32Array;
  /** Multiple choice: how many consecutive sequences make one question. */
  choices?: number;
  /** Span v2: how many starts, and ends for each start, come back; default 5 and 5. */
  start_top?: number;
  end_top?: number;
  labels?: NativeLabels;
}

/** Targets; which fields apply depends on the kind. Indices are packed; -100 is ignored. */
export interface NativeLabels {
  /**
   * masked_lm, pretraining, token_classification: (T); sequence_classification: (B), or
   * (B × labels) floats; multiple_choice: (B / choices).
   */
  labels?: Int32Array | Float32Array;
  problem_type?: 'regression' | 'single_label_classification' | 'multi_label_classification';
  /** pretraining: (B). */
  sentence_order?: Int32Array;
  /** question_answering: (B), token index in the packed sequence; v2: among its candidates. */
  start_positions?: Int32Array;
  end_positions?: Int32Array;
  /** question_answering_v2: (B), 1 = the question has no answer. */
  is_impossible?: Float32Array;
}

/** A running forward pass. */
export interface NativeJob {
  /** Named outputs, with labels also `loss` ([1]); pretraining: mlm_loss and sop_loss, too. */
  promise: Promise<Record<string, NativeTensor>>;
  /** Rejects the promise with an AbortError at once; the computation stops as soon as it can. */
  abort(): void;
}

export interface NativeModel {
  /** Missing and unexpected tensors, one sentence each. */
  readonly warnings: string[];
  readonly disposed: boolean;
  /** Throws for bad arguments, ERR_BUSY and ERR_DISPOSED; everything later rejects. */
  forward(request: NativeForwardRequest): NativeJob;
  memory(): { name: string; bytes: number }[];
  /** Writes all parameters as one float32 safetensors file, atomically. */
  save(file: string): Promise<void>;
  /** Refuses new and queued work, resolves when running work has ended and memory is free. */
  dispose(): Promise<void>;
}

/** An update rule; absent settings keep native defaults. */
export interface NativeOptimizerSettings {
  kind: string;
  beta1?: number | undefined;
  beta2?: number | undefined;
  epsilon?: number | undefined;
  weight_decay?: number | undefined;
  max_grad_norm?: number | undefined;
  bias_correction?: boolean | undefined;
  torch_clipping?: boolean | undefined;
  exclude?: string[] | undefined;
}

/** The learning rate of each update; absent settings keep native defaults. */
export interface NativeScheduleSettings {
  kind: string;
  learning_rate?: number | undefined;
  end_learning_rate?: number | undefined;
  power?: number | undefined;
  cycles?: number | undefined;
  warmup_steps?: number | undefined;
  max_steps?: number | undefined;
  start_step?: number | undefined;
  decay_from_start?: boolean | undefined;
  warmup_from_one?: boolean | undefined;
  warmup_scales_decay?: boolean | undefined;
}

/** An optimizer's updates on numbers of the caller. */
export interface NativeTraceRequest {
  device: string;
  instruction_set?: string | undefined;
  optimizer: NativeOptimizerSettings;
  schedule: NativeScheduleSettings;
  parameters: { name: string; data: Float64Array }[];
  /** For each update, in the order of the parameters. */
  gradients: Float64Array[][];
}

export interface NativeTraceUpdate {
  learning_rate: number;
  grad_norm: number;
  skipped: boolean;
  /** LAMB only, in the order of the parameters. */
  trust_ratios: Float64Array;
  /** After the update. */
  parameters: Float64Array[];
}

/** What `info()` of the binary tells. */
export interface NativeInfo {
  cpu: { brand: string; features: string[]; instruction_set: string; instruction_sets: string[] };
  threads: { count: number; affinity: number; quota: number; reason: string };
  backends: NativeBackendInfo[];
  compiler: string;
}

/** One device: whether it is there, and what it computes in. */
export interface NativeBackendInfo {
  name: string;
  available: boolean;
  /** Why it is not available; a remark where it is. */
  reason: string;
  /** The dtypes a model can be loaded with; none where the device is not available. */
  dtypes: string[];
  /** For each of these, how the instruction set in use multiplies and adds. */
  arithmetic: Record<string, string>;
}

/** One compared output of a kernel case. */
export interface NativeCheckResult {
  passed: boolean;
  outputs: {
    name: string;
    max_absolute_error: number;
    relative_error: number;
    tolerance: number;
  }[];
  message: string;
}

export interface NativeTimeResult {
  median_us: number;
  best_us: number;
  /** Of the peak, measured in turns with the runs; 0 where that was not done. */
  peak_share: number;
  /** The same of turns during which nothing else ran on the cores; 0 where these were too few. */
  calm_peak_share: number;
  runs: number;
  flops: number;
  bytes: number;
  threads: number;
}

/** Per second; the one that was not asked for is 0. */
export interface NativePeak {
  flops: number;
  bytes: number;
  threads: number;
}

/** How gradients are computed. */
export interface NativeGradientOptions {
  /** Whose rules: see GradientOptions in native/train/gradients.h; default 'huggingface'. */
  dialect?: 'huggingface' | 'google';
  /** Keep the inputs of the layers only, and compute the rest again; default false. */
  recompute?: boolean;
  /** Dropout with the probabilities of the configuration; default false. */
  dropout?: boolean;
  /** Compute every row in the last pass, whoever reads it; default false. */
  all_rows?: boolean;
  /** What dropout is drawn from, with `update` and the ordinals of the sequences; default 0. */
  seed?: number;
  update?: number;
  /** How many sequences of the update went before these; default 0. */
  first_sequence?: number;
}

/** The loss of one batch, its parts (0 where there are none), and its gradient by parameter. */
export interface NativeGradients {
  loss: number;
  mlm_loss: number;
  sop_loss: number;
  gradients: Record<string, NativeTensor>;
  /** Bytes of activations and of their gradients. */
  activation_bytes: number;
}

/** How a trainer computes and updates. */
export interface NativeTrainerSettings {
  optimizer: NativeOptimizerSettings;
  schedule: NativeScheduleSettings;
  dialect: 'huggingface' | 'google';
  /** Compute in bfloat16, update in float32. */
  bf16: boolean;
  recompute: boolean;
  /** With the probabilities of the configuration. */
  dropout: boolean;
  seed: number;
  /** Upper bound; 0 = all threads of the pool. */
  threads: number;
}

/** One update. */
export interface NativeStepReport {
  /** Updates so far, this one and those that were skipped included. */
  step: number;
  loss: number;
  mlm_loss: number;
  sop_loss: number;
  grad_norm: number;
  learning_rate: number;
  tokens: number;
  skipped: boolean;
}

/** Losses of some batches together. */
export interface NativeEvaluation {
  loss: number;
  mlm_loss: number;
  sop_loss: number;
  tokens: number;
}

/** One thing at a time: whatever else is asked for meanwhile throws ERR_BUSY. */
export interface NativeTrainer {
  /** Updates so far. */
  readonly step_count: number;
  /** One update from micro-batches. Rejects with an AbortError, nothing changed, after stop(). */
  step(batches: NativeForwardRequest[]): Promise<NativeStepReport>;
  evaluate(batches: NativeForwardRequest[]): Promise<NativeEvaluation>;
  /** The gradients of the update that step() would make. */
  gradients(batches: NativeForwardRequest[]): Promise<NativeGradients>;
  /** Writes model, optimizer and these files as one folder: all of it or nothing. */
  save(folder: string, texts: { name: string; content: string }[]): Promise<void>;
  /** Goes on from a folder that save() wrote. */
  restore(folder: string): Promise<void>;
  /** What runs now stops between passes; an update that has begun is completed. */
  stop(): void;
  memory(): { name: string; bytes: number }[];
  /** Stops what runs, and frees everything but the weights that the model computes with. */
  dispose(): Promise<void>;
}

interface Binding {
  initialize(makeError: (name: string, message: string) => Error): void;
  info(): NativeInfo;
  load_model(request: NativeLoadRequest): Promise<NativeModel>;
  /** Trains a copy of the model's weights; each update gives the model new ones. */
  create_trainer(model: NativeModel, settings: NativeTrainerSettings): NativeTrainer;
  /** Reads the bytes of a spiece.model, off the JavaScript thread. */
  load_tokenizer(model: Uint8Array, options: NativeTokenizerOptions): Promise<NativeTokenizer>;
  /** A batch as a whole update, with labels; `columns` and `width` are not used. */
  batch_gradients(
    load: NativeLoadRequest,
    batch: NativeForwardRequest,
    options: NativeGradientOptions,
  ): Promise<NativeGradients>;
  list_cases(timed?: boolean): string[];
  check_case(name: string, instruction_set: string, dtype: string): Promise<NativeCheckResult>;
  time_case(name: string, instruction_set: string, dtype: string): Promise<NativeTimeResult>;
  trace_optimizer(request: NativeTraceRequest): Promise<NativeTraceUpdate[]>;
  /** Settings by the names of PretrainingDatasetOptions; absent ones keep native defaults. */
  open_pretraining_stream(
    files: string[],
    tokenizer: NativeTokenizer,
    settings: object,
  ): Promise<NativePretrainingStream>;
  open_record_reader(file: string): Promise<NativeRecordReader>;
  open_record_writer(file: string): Promise<NativeRecordWriter>;
  /** A record of a TFRecord file with its length and checksums. */
  frame_record(record: Uint8Array): Uint8Array;
  /** `working_set` in bytes; 0 = measure operations instead. */
  measure_peak(working_set: number, instruction_set: string, dtype: string): Promise<NativePeak>;
}

/** The package's root folder: build/, prebuilds/, models/ lie there. */
export const packageRoot = path.join(__dirname, '..');

/** Loads build/Release or prebuilds/, and says what to do where neither holds a binary. */
function loadBinding(): Binding {
  try {
    return nodeGypBuild(packageRoot) as Binding;
  } catch (cause) {
    const advice = 'run "npm run build:native" in its folder (it needs CMake and a C++ compiler)';
    const message = `albert-native has no binary for this platform: ${advice}`;
    throw new AlbertError('ERR_BACKEND', message, { cause });
  }
}

export const native: Binding = loadBinding();
native.initialize(errorFromNative);

// What users may write: compiled in every module system, never run.
import {
  AlbertError,
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForPreTraining,
  AlbertForQuestionAnswering,
  AlbertForQuestionAnsweringV2,
  AlbertForSequenceClassification,
  AlbertForTokenClassification,
  AlbertModel,
  AlbertTokenizer,
  type AlbertConfig,
  type AlbertErrorCode,
  AutoModel,
  AutoTokenizer,
  type BatchEncoding,
  type Device,
  type DType,
  ExampleDataset,
  type LoadOptions,
  PretrainingDataset,
  type PretrainingDatasetState,
  type PretrainingExample,
  type ProgressEvent,
  Tensor,
  env,
  info,
  pipeline,
  readTFRecord,
  type StepReport,
  TFRecordWriter,
  Trainer,
  type TrainerOptions,
  type TrainingExample,
  type TrainingReporter,
} from 'albert-native';
import { checkCase, listCases, timeCase, traceOptimizer } from 'albert-native/kernels';

const dtypes: DType[] = ['fp32', 'bf16', 'int8', 'fp16'];
const devices: Device[] = ['auto', 'cpu', 'cuda', 'cuda:1', 'reference'];
const rows = { input_ids: [[2, 10, 3], [2, 3]], token_type_ids: [[0, 0, 0], [0, 0]] };
const padded = {
  input_ids: new Tensor('int64', new BigInt64Array(6), [2, 3]),
  attention_mask: { data: new Int32Array(6), dims: [2, 3] },
};

export async function loading(signal: AbortSignal, config: AlbertConfig): Promise<void> {
  const options: LoadOptions = {
    dtype: dtypes[0],
    device: devices[0],
    threads: 2,
    signal,
    revision: 'main',
    cache_dir: 'cache',
    local_files_only: true,
    progress_callback: (event: ProgressEvent) => console.log(event),
  };
  await using model = await AlbertModel.from_pretrained('folder', options);
  const fresh: AlbertModel = await AlbertModel.from_config(config, { ...options, seed: 1 });
  const hidden: number | undefined = model.config.hidden_size;
  const bill: { name: string; bytes: number }[] = model.memory();
  console.log(hidden, bill, model.disposed satisfies boolean);
  await fresh.save_pretrained('folder');
  await fresh.dispose();
  await AutoModel.from_pretrained('folder');
  env.fetch = fetch;
  env.cacheDir = env.localModelPath = env.remoteHost = '';
  env.allowRemoteModels = false;
}

export async function heads(signal: AbortSignal): Promise<void> {
  const base = await AlbertModel.from_pretrained('folder');
  const { last_hidden_state, pooler_output, hidden_states } = await base(rows, {
    signal,
    output_hidden_states: true,
    output_attentions: false,
  });
  console.log(last_hidden_state.dims[2], pooler_output.data[0], hidden_states?.[0]?.tolist());
  const lm = await AlbertForMaskedLM.from_pretrained('folder');
  const { logits, loss } = await lm.forward(padded, { logits_positions: [[1], []] });
  console.log(logits.size, loss?.toFixed(2), (await lm({ ...rows, labels: [[1], [2]] })).loss);
  const pretraining = await AlbertForPreTraining.from_pretrained('folder');
  const outputs = await pretraining({ ...rows, sentence_order_label: [0, 1] });
  console.log(outputs.prediction_logits, outputs.sop_logits);
  await pretraining({ ...rows, next_sentence_label: [0, 1] });
  const sequence = await AlbertForSequenceClassification.from_pretrained('folder');
  console.log((await sequence({ ...rows, labels: [0, 1] })).logits);
  const token = await AlbertForTokenClassification.from_pretrained('folder');
  console.log((await token({ ...rows, labels: rows.input_ids })).logits);
  const choice = await AlbertForMultipleChoice.from_pretrained('folder');
  console.log((await choice({ input_ids: [rows.input_ids], labels: [0] })).logits);
}

export async function questions(): Promise<void> {
  const first = await AlbertForQuestionAnswering.from_pretrained('folder');
  const spans = await first({ ...rows, start_positions: [1, 0], end_positions: [1, 0] });
  console.log(spans.start_logits, spans.end_logits, spans.loss);
  const second = await AlbertForQuestionAnsweringV2.from_pretrained('folder');
  console.log((await second(rows, { start_n_top: 5, end_n_top: 5 })).cls_logits);
  const answer = await pipeline('question-answering', 'folder');
  const { start, end } = await answer('Who?', 'A context.', { doc_stride: 64, max_answer_len: 9 });
  const many = await answer('Who?', 'A context.', { top_k: 3, handle_impossible_answer: true });
  console.log(start - end, Array.isArray(many));
}

export async function text(): Promise<void> {
  const tokenizer: AlbertTokenizer = await AutoTokenizer.from_pretrained('spiece.model');
  const encoding: BatchEncoding = tokenizer(['a', 'b'], {
    text_pair: ['c', 'd'],
    add_special_tokens: true,
    truncation: 'only_first',
    max_length: 16,
    stride: 2,
    return_overflowing_tokens: true,
    return_offsets_mapping: true,
    padding: true,
  });
  const [begin]: [number, number] = encoding.offset_mapping![0]![0]!;
  const ids: number[] = tokenizer.encode('a', { text_pair: 'b' });
  const pieces: string[] = tokenizer.tokenize('a');
  console.log(begin, pieces, tokenizer.decode(ids, { skip_special_tokens: true }));
  const batch = await tokenizer.encode_batch(['a']);
  const model = await AlbertModel.from_pretrained('folder');
  console.log((await model(batch)).last_hidden_state, encoding.attention_mask[0]![0]! + 1);
}

export async function pipelines(signal: AbortSignal): Promise<void> {
  await using classify = await pipeline('text-classification');
  const [best] = await classify('a', { top_k: 1, signal });
  console.log(best!.label, best!.score, (await classify(['a', 'b'])).length);
  const fill = await pipeline('fill-mask', 'folder', { threads: 1 });
  console.log(await fill('a [MASK]', { top_k: 5, targets: ['b'] }));
  const tag = await pipeline('token-classification', 'folder');
  for (const { entity, start, end, word } of await tag('a')) console.log(entity, start, end, word);
  const embed = await pipeline('feature-extraction', 'folder');
  const vectors: Float32Array = (await embed(['a'], { pooling: 'mean', normalize: true })).data;
  const choose = await pipeline('multiple-choice', 'folder');
  const [chosen] = await choose({ question: 'a', context: 'b', choices: ['c', 'd'] });
  const order = await pipeline('sentence-order', 'folder');
  const { label } = await order({ first: 'a', second: 'b' });
  console.log(vectors, chosen!.index, label === 'swapped');
}

export async function kernels(): Promise<void> {
  const [name] = listCases();
  const { passed, outputs } = await checkCase(name!, { backend: 'cpu', dtype: 'fp32' });
  const { median_us, best_us, flops, bytes } = await timeCase(name!, { isa: 'avx2' });
  console.log(passed, outputs, median_us, best_us, flops, bytes);
}

export function failures(error: unknown): AlbertErrorCode | undefined {
  const { version, cpu, threads, backends } = info();
  console.log(version, cpu.instruction_set, threads.reason, backends[0]!.available);
  return error instanceof AlbertError ? error.code : undefined;
}

export async function trainingData(tokenizer: AlbertTokenizer): Promise<void> {
  const options = { max_seq_length: 128, seed: 1, format: 'jsonl' as const };
  const dataset = new PretrainingDataset(['a.jsonl'], tokenizer, options);
  for await (const example of dataset) {
    const { input_ids, sentence_order_label }: PretrainingExample = example;
    console.log(input_ids.length, sentence_order_label satisfies 0 | 1 | undefined);
  }
  const state: PretrainingDatasetState = await dataset.state();
  await dataset.restore(state);
  await using writer = await TFRecordWriter.open('a.tfrecord');
  await writer.write({ ids: Int32Array.of(1), names: ['a', Uint8Array.of(1)] });
  for await (const { ids } of readTFRecord('a.tfrecord')) console.log(ids?.length);
  const w = Float64Array.of(1);
  const [update] = await traceOptimizer({ w }, [{ w }], { optimizer: 'lamb' });
  console.log(update?.trust_ratios['w'], update?.parameters['w']);
}

export async function training(model: AlbertForSequenceClassification): Promise<void> {
  const reporter: TrainingReporter = { report: ({ type, step }) => console.log(type, step) };
  const options: TrainerOptions = { max_steps: 10, optimizer: 'lamb', report_to: reporter };
  await using trainer = new Trainer(model, options);
  const report: StepReport = await trainer.step({ input_ids: [[2, 3]], labels: [1] });
  console.log(report.loss, report.skipped satisfies true | undefined, trainer.global_step);
  const dataset = new ExampleDataset([{ input_ids: [2, 3], labels: 1 }], { seed: 1 });
  const examples: TrainingExample[] = [{ input_ids: [2, 3], labels: 0 }];
  for await (const event of trainer.train(dataset, { evaluation: examples })) {
    if (event.type === 'evaluate') console.log(event.metrics['loss']);
    if (event.type === 'checkpoint') console.log(event.directory, event.error?.code);
    if (event.type === 'step') console.log(event.seconds, event.hint);
  }
  const { gradients } = await trainer.gradients([{ input_ids: [[2, 3]], labels: [1] }]);
  console.log(gradients['classifier.weight']?.length, await trainer.evaluate([]));
  const again = await Trainer.resume('folder', { dataset, device: 'cpu', threads: 2 });
  await again.save('other');
}

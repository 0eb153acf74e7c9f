// What users must not write: a line that compiles although it should not is an error here.
import {
  AlbertError,
  AlbertForMaskedLM,
  AlbertForSequenceClassification,
  AlbertModel,
  AlbertTokenizer,
  Tensor,
  env,
  info,
  pipeline,
} from 'albert-native';
import { checkCase } from 'albert-native/kernels';

// @ts-expect-error a name that the package does not export
import { BertModel } from 'albert-native';
// @ts-expect-error no way into the package but its two doors
import { native } from 'albert-native/dist/native.js';

const rows = { input_ids: [[2, 3]] };

export async function loading(): Promise<void> {
  // @ts-expect-error an unknown dtype
  await AlbertModel.from_pretrained('folder', { dtype: 'fp64' });
  // @ts-expect-error an unknown device
  await AlbertModel.from_pretrained('folder', { device: 'gpu' });
  // @ts-expect-error a misspelled option
  await AlbertModel.from_pretrained('folder', { thread: 2 });
  // @ts-expect-error threads are a number
  await AlbertModel.from_pretrained('folder', { threads: '2' });
  // @ts-expect-error a seed is a number
  await AlbertModel.from_pretrained('folder', { seed: '2' });
  // @ts-expect-error a folder is a string
  await AlbertModel.from_pretrained(7);
  // @ts-expect-error sizes are numbers
  await AlbertModel.from_config({ hidden_size: '7' });
  // @ts-expect-error env has no such field
  env.cache_dir = 'cache';
}

export async function models(): Promise<void> {
  const model = await AlbertModel.from_pretrained('folder');
  // @ts-expect-error input_ids are required
  await model({ token_type_ids: [[0]] });
  // @ts-expect-error rows of rows are expected
  await model({ input_ids: [2, 3] });
  // @ts-expect-error text is for the tokenizer
  await model('text');
  // @ts-expect-error floats are no ids
  await model({ input_ids: { data: new Float32Array(2), dims: [1, 2] } });
  // @ts-expect-error this model has no logits
  console.log((await model(rows)).logits);
  // @ts-expect-error this model takes no labels
  await model({ ...rows, labels: [1] });
  // @ts-expect-error the masked-LM head alone takes positions
  await model(rows, { logits_positions: [[0]] });
  const lm = await AlbertForMaskedLM.from_pretrained('folder');
  // @ts-expect-error positions are rows
  await lm(rows, { logits_positions: [0] });
  // @ts-expect-error a loss may be absent
  const loss: number = (await lm(rows)).loss;
  const classifier = await AlbertForSequenceClassification.from_pretrained('folder');
  // @ts-expect-error labels are numbers
  await classifier({ ...rows, labels: ['good'] });
  // @ts-expect-error the bill is a function
  console.log(loss, model.memory.length.bytes);
  // @ts-expect-error config is read-only
  model.config = {};
}

export async function text(): Promise<void> {
  const tokenizer = await AlbertTokenizer.from_pretrained('spiece.model');
  // @ts-expect-error text is a string
  tokenizer(7);
  // @ts-expect-error an unknown strategy
  tokenizer('a', { truncation: 'longest' });
  // @ts-expect-error a promise, not an encoding
  console.log(tokenizer.encode_batch(['a']).input_ids);
  // @ts-expect-error ids are numbers
  tokenizer.decode('a');
  // @ts-expect-error an unknown element type
  new Tensor('float16', [1], [1]);
  // @ts-expect-error int64 elements are bigints
  new Tensor('int64', [1], [1]);
}

export async function pipelines(): Promise<void> {
  // @ts-expect-error an unknown task
  await pipeline('translation');
  const classify = await pipeline('text-classification');
  // @ts-expect-error an option of another pipeline
  await classify('a', { targets: ['b'] });
  // @ts-expect-error the field is called score
  console.log((await classify('a'))[0]!.probability);
  const answer = await pipeline('question-answering');
  // @ts-expect-error a question needs its context
  await answer('Who?');
  // @ts-expect-error an unknown instruction set
  await checkCase('linear', { isa: 'sse2' });
  // @ts-expect-error an unknown code
  new AlbertError('ERR_UNKNOWN', 'message');
  // @ts-expect-error info takes nothing
  info('cpu');
  console.log(BertModel, native);
}

// The pipelines: result shapes, options, long inputs, wrong arguments; agreement with the models.
import path from 'node:path';
import t from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForMultipleChoice,
  AlbertForPreTraining,
  AlbertForQuestionAnsweringV2,
  AlbertForTokenClassification,
  AlbertModel,
  AlbertTokenizer,
  Tensor,
  pipeline,
} from '../../dist/index.js';

const shipped = path.join(__dirname, '../../models/sst2-mini');
const config = {
  vocab_size: 30000,
  embedding_size: 8,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_hidden_groups: 1,
  inner_group_num: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  hidden_act: 'gelu_new',
  max_position_embeddings: 64,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  initializer_range: 0.5,
};
const loadTokenizer = () => AlbertTokenizer.from_pretrained(shipped);
const near = (a: number, b: number, tolerance = 1e-6): boolean => Math.abs(a - b) <= tolerance;
const sum = (numbers: number[]): number => numbers.reduce((total, x) => total + x, 0);
const long = 'one two three four five six seven eight nine ten '.repeat(40);

interface StubInputs {
  input_ids: number[][];
  token_type_ids: number[][];
}

/** A model whose logits the test decides; it keeps the inputs it was given. */
function stubModel(settings: object, answer: (inputs: StubInputs) => Record<string, Tensor>) {
  const calls: StubInputs[] = [];
  return {
    config: { max_position_embeddings: 64, ...settings },
    calls,
    async forward(inputs: StubInputs) {
      calls.push(inputs);
      return answer(inputs);
    },
    async dispose() {},
  };
}

const rows = (count: number, row: number[]): Tensor =>
  new Tensor('float32', Array.from({ length: count }, () => row).flat(), [count, row.length]);

t.test('text classification with the shipped model', async (t) => {
  await using classify = await pipeline('text-classification');
  t.equal(classify.task, 'text-classification');
  const [good] = await classify('a gripping, beautiful film');
  const [bad] = await classify('a dull and terrible mess');
  t.match(good, { label: 'POSITIVE' });
  t.match(bad, { label: 'NEGATIVE' });
  t.ok(good!.score > 0.5 && good!.score <= 1);
  const both = await classify(['a gripping, beautiful film', 'a dull and terrible mess']);
  t.same(both, [good, bad], 'a batch gives what single texts give, to the bit');
  const all = await classify('a gripping, beautiful film', { top_k: null });
  t.same(all.map(({ label }) => label).sort(), ['NEGATIVE', 'POSITIVE']);
  t.ok(near(sum(all.map(({ score }) => score)), 1));
  const nested = await classify(['x', 'y'], { top_k: 2 });
  t.same(
    nested.map((one) => [one].flat().length),
    [2, 2],
  );
  t.equal((await classify('')).length, 1, 'empty text');
  t.equal((await classify(long.repeat(20))).length, 1, 'a long text is cut');
  t.same(await classify([]), []);
});

t.test('what makes scores of logits', async (t) => {
  const tokenizer = await loadTokenizer();
  const scores = async (settings: object, logits: number[], options: object = {}) => {
    const model = stubModel(settings, ({ input_ids }) => ({
      logits: rows(input_ids.length, logits),
    }));
    const classify = await pipeline('text-classification', { model, tokenizer } as never);
    const results = await classify('text', { top_k: null, ...options });
    return results.map(({ score }) => Number(score.toFixed(6)));
  };
  const two = { id2label: { 0: 'a', 1: 'b' } };
  const three = Math.fround(Math.log(3));
  t.same(await scores(two, [0, three]), [0.75, 0.25], 'softmax for a single label');
  const multi = { ...two, problem_type: 'multi_label_classification' };
  t.same(await scores(multi, [0, three]), [0.75, 0.5], 'sigmoid for several labels');
  t.same(await scores({ num_labels: 1 }, [three]), [0.75], 'sigmoid for one label');
  t.same(await scores({ num_labels: 1, problem_type: 'regression' }, [2.5]), [2.5], 'regression');
  t.same(await scores(two, [0, 2.5], { function_to_apply: 'none' }), [2.5, 0]);
});

t.test('pairs and long texts reach the model as they should', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = stubModel({}, ({ input_ids }) => ({ logits: rows(input_ids.length, [0, 1]) }));
  const classify = await pipeline('text-classification', { model, tokenizer } as never);
  await classify(['hello', { text: 'hello', text_pair: 'world' }, long]);
  const inputs = model.calls[0]!;
  const byLength = inputs.input_ids.map((ids) => ids.length);
  t.same(byLength, [64, tokenizer('hello', { text_pair: 'world' }).input_ids[0]!.length, 3]);
  t.same(inputs.token_type_ids[1], tokenizer('hello', { text_pair: 'world' }).token_type_ids[0]);
});

t.test('fill-mask agrees with the model', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertForMaskedLM.from_config(config, { seed: 3 });
  await using fill = await pipeline('fill-mask', { model, tokenizer });
  const text = 'the capital of [MASK] is here';
  const result = (await fill(text)) as { score: number; token: number; token_str: string }[];
  const ids = tokenizer.encode(text);
  const at = ids.indexOf(4);
  const { logits } = await model.forward({ input_ids: [ids] });
  const row = Array.from(logits.data.subarray(at * 30000, (at + 1) * 30000));
  const total = sum(row.map(Math.exp));
  const best = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, 5);
  t.same(
    result.map(({ token }) => token),
    best,
  );
  t.ok(result.every(({ score, token }) => near(score, Math.exp(row[token]!) / total)));
  t.equal(result[0]!.token_str, tokenizer.decode([best[0]!]));
  t.match(result[0], { sequence: /^the capital of.*is here$/ });
  const batch = await fill([text, 'one [MASK]'], { top_k: 2 });
  t.same(batch[0], result.slice(0, 2), 'the same to the bit in a batch');
});

t.test('fill-mask: several masks, targets, no mask', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertForMaskedLM.from_config(config);
  await using fill = await pipeline('fill-mask', { model, tokenizer });
  const masks = (await fill('a [MASK] and a [MASK]', { top_k: 3 })) as { sequence: string }[][];
  t.same(
    masks.map((fillings) => fillings.length),
    [3, 3],
  );
  t.match(masks[0]![0]!.sequence, /\[MASK\]$/, 'the other mask stays');
  const targets = ['film', 'book', 'film'];
  const chosen = (await fill('a [MASK]', { targets })) as { token_str: string; score: number }[];
  t.same(chosen.map(({ token_str }) => token_str).sort(), ['book', 'film']);
  t.ok(chosen[0]!.score >= chosen[1]!.score);
  await t.rejects(fill('no mask'), { name: 'RangeError', message: /no \[MASK\].*"no mask"/ });
  await t.rejects(fill(`${long} [MASK]`), { message: /in the part that fits the model/ });
  const unusual = fill('a [MASK]', { targets: 'incomprehensibilities' });
  await t.rejects(unusual, { name: 'RangeError', message: /not a single token/ });
  await t.rejects(fill('a [MASK]', { targets: [] }), /at least one word/);
});

t.test('token classification fills word, index, start and end', async (t) => {
  const tokenizer = await loadTokenizer();
  const id2label = { 0: 'O', 1: 'B-X', 2: 'I-X' };
  const model = await AlbertForTokenClassification.from_config({ ...config, id2label });
  await using ner = await pipeline('ner', { model, tokenizer });
  t.equal(ner.task, 'token-classification');
  const text = 'Zoë  lives 🙂 in\tParis.';
  const tokens = await ner(text, { ignore_labels: [] });
  const pieces = tokenizer.convert_ids_to_tokens(tokenizer.encode(text));
  const filled = [...pieces.keys()].slice(1, -1).filter((column) => pieces[column] !== '▁');
  t.same(
    tokens.map(({ index }) => index),
    filled,
    'all but [CLS], [SEP] and bare spaces',
  );
  const words = tokens.map(({ start, end }) => text.slice(start, end));
  t.ok(
    words.every((word) => word === word.trim()),
    'places carry no white space',
  );
  t.equal(words.join('').replace(/\s/g, ''), text.replace(/\s/g, ''), 'and miss nothing');
  const groups = await ner(text, { ignore_labels: [], aggregation_strategy: 'first' });
  t.ok(groups.every(({ entity_group }) => ['O', 'X'].includes(entity_group)));
  t.equal(groups[0]!.start, 0);
  t.equal(groups.at(-1)!.end, text.length);
  const none = await ner(text, { ignore_labels: ['O', 'B-X', 'I-X'] });
  t.same(none, []);
  t.equal((await ner([text, 'b', ''])).length, 3);
});

/** Start and end logits that are high at one token each. */
function spanModel(startId: number, endId: number) {
  const logits = ({ input_ids }: StubInputs, id: number): Tensor => {
    const width = Math.max(...input_ids.map((ids) => ids.length));
    const data = input_ids.flatMap((ids) =>
      Array.from({ length: width }, (_, column) => (ids[column] === id ? 9 : 0)),
    );
    return new Tensor('float32', data, [input_ids.length, width]);
  };
  return stubModel({}, (inputs) => ({
    start_logits: logits(inputs, startId),
    end_logits: logits(inputs, endId),
  }));
}

t.test('question answering finds an answer far down a long context', async (t) => {
  const tokenizer = await loadTokenizer();
  const [startId] = tokenizer.encode('purple', { add_special_tokens: false });
  const [endId] = tokenizer.encode('river', { add_special_tokens: false });
  const model = spanModel(startId!, endId!);
  const answer = await pipeline('question-answering', { model, tokenizer } as never);
  const context = `${long} a  Purple  Río River ${long}`;
  const found = await answer('what is purple river?', context, { doc_stride: 10 });
  t.equal(found.answer, 'Purple  Río River', 'from the context, not from the question');
  t.equal(context.slice(found.start, found.end), found.answer);
  t.ok(found.score > 0.9);
  t.ok(model.calls[0]!.input_ids.length > 5, 'several windows');
  t.ok(model.calls[0]!.input_ids.every((ids) => ids.length <= 64));
  const three = await answer({ question: 'what?', context }, { top_k: 3 });
  t.ok(Array.isArray(three) && three.length === 3);
  const places = [three].flat().map(({ start, end }) => `${start} ${end}`);
  t.equal(new Set(places).size, 3, 'no answer twice');
  const [one, two] = await answer(['a?', 'b?'], ['a purple river', 'no such thing']);
  t.equal(one!.answer, 'purple river');
  t.ok(two!.answer.length > 0);
  const none = await answer('a?', 'no such thing', { handle_impossible_answer: true, top_k: 50 });
  t.ok([none].flat().some(({ answer: text, start, end }) => text === '' && start === end));
});

t.test('question answering refuses what it cannot read', async (t) => {
  const tokenizer = await loadTokenizer();
  const answer = await pipeline('question-answering', {
    model: spanModel(9, 9),
    tokenizer,
  } as never);
  await t.rejects(answer('a?', ' '), { name: 'RangeError', message: /context is empty/ });
  await t.rejects(answer('a?', 5 as never), { name: 'TypeError', message: /context/ });
  await t.rejects(answer(['a?', 'b?'], ['c']), { message: /as many contexts as questions/ });
  await t.rejects(answer('a?', 'b', { doc_stride: 90 }), { message: /doc_stride/ });
});

t.test('question answering with the SQuAD 2.0 head', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertForQuestionAnsweringV2.from_config(config, { seed: 5 });
  await using answer = await pipeline('question-answering', { model, tokenizer });
  const options = { top_k: 4, handle_impossible_answer: true };
  const answers = [await answer('who?', long.slice(0, 700), options)].flat();
  t.equal(answers.length, 4);
  t.ok(answers.every(({ score }) => score >= 0 && score <= 1));
  for (const { answer: text, start, end } of answers) {
    t.equal(text, long.slice(start, end));
  }
  const scores = answers.map(({ score }) => score);
  t.same(
    scores,
    [...scores].sort((a, b) => b - a),
    'best first',
  );
});

t.test('feature extraction pools and normalizes', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertModel.from_config(config, { seed: 1 });
  await using embed = await pipeline('feature-extraction', { model, tokenizer });
  const tokens = await embed('a small test');
  const count = tokenizer.encode('a small test').length;
  t.same(tokens.dims, [1, count, 16]);
  const vectors = tokens.tolist() as number[][][];
  const mean = (await embed('a small test', { pooling: 'mean' })).tolist() as number[][];
  t.ok(mean[0]!.every((x, i) => near(x, sum(vectors[0]!.map((v) => v[i]!)) / count)));
  const cls = await embed(['a small test', 'b'], { pooling: 'cls' });
  t.same(cls.dims, [2, 16]);
  t.same((cls.tolist() as number[][])[0], vectors[0]![0]);
  const unit = (await embed('a small test', { pooling: 'mean', normalize: true })).tolist();
  t.ok(near(Math.hypot(...(unit as number[][])[0]!), 1));
  const padded = await embed(['a small test', '']);
  t.same(padded.dims, [2, count, 16]);
  t.same((padded.tolist() as number[][][])[1]![count - 1], new Array(16).fill(0));
  t.same((await embed([], { pooling: 'mean' })).dims, [0, 16]);
});

t.test('multiple choice ranks the choices of each question', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertForMultipleChoice.from_config(config, { seed: 2 });
  await using choose = await pipeline('multiple-choice', { model, tokenizer });
  const first = {
    context: 'it rained',
    question: 'the street is _',
    choices: ['wet', 'dry', 'red'],
  };
  const second = { context: 'it snowed', choices: ['cold', 'warm'] };
  const [a, b] = await choose([first, second]);
  t.same([a!.length, b!.length], [3, 2]);
  t.ok(near(sum(a!.map(({ score }) => score)), 1));
  t.same(
    a!.map(({ score }) => score),
    a!.map(({ score }) => score).sort((x, y) => y - x),
  );
  for (const { choice, index } of a!) t.equal(first.choices[index], choice);
  t.same(await choose(first), a, 'alone as in a batch');
  const direct = await model.forward({
    input_ids: [
      first.choices.map((x) => tokenizer.encode('it rained', { text_pair: `the street is ${x}` })),
    ],
    token_type_ids: [
      first.choices.map(
        (x) => tokenizer('it rained', { text_pair: `the street is ${x}` }).token_type_ids[0]!,
      ),
    ],
  });
  const best = Array.from(direct.logits.data).indexOf(Math.max(...direct.logits.data));
  t.equal(a![0]!.index, best);
  await t.rejects(choose({ context: 'x', choices: [] }), { message: /at least one choice/ });
  await t.rejects(choose({ context: 'x', choices: 'no' } as never), { name: 'TypeError' });
  const holes = { context: 'x', choices: ['a', , 'b'] } as never;
  await t.rejects(choose(holes), { name: 'TypeError', message: /choices\[1\]/ });
  await t.rejects(choose([first, , first] as never), { name: 'TypeError', message: /texts\[1\]/ });
});

t.test('sentence order reads pairs in three spellings', async (t) => {
  const tokenizer = await loadTokenizer();
  const model = await AlbertForPreTraining.from_config(config, { seed: 4 });
  await using order = await pipeline('sentence-order', { model, tokenizer });
  const pair = { first: 'he came', second: 'he saw' };
  const one = await order(pair);
  t.match(one.label, /^(in order|swapped)$/);
  t.ok(one.score >= 0.5 && one.score <= 1);
  t.same(await order(['he came', 'he saw']), one);
  t.same(await order([pair, ['he came', 'he saw']]), [one, one]);
  const inputs = tokenizer('he came', { text_pair: 'he saw' });
  const { sop_logits } = await model.forward(inputs);
  const [inOrder, swapped] = sop_logits.data as Float32Array;
  t.equal(one.label, inOrder! >= swapped! ? 'in order' : 'swapped');
  await t.rejects(order(['one'] as never), { name: 'TypeError' });
  await t.rejects(order({ first: 'x' } as never), { message: /second/ });
});

t.test('a pipeline ends with its model, and calls can be aborted', async (t) => {
  const classify = await pipeline('sentiment-analysis', shipped);
  const stop = new AbortController();
  const many = Array.from({ length: 3000 }, () => long);
  const running = classify(many, { signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await t.rejects(running, { name: 'AbortError' });
  await t.rejects(classify('x', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  t.equal(classify.disposed, false);
  await classify.dispose();
  t.equal(classify.disposed, true);
  await t.rejects(classify('x'), { code: 'ERR_DISPOSED' });
});

t.test('wrong arguments say what is wrong', async (t) => {
  const classify = await pipeline('text-classification', shipped);
  await t.rejects(classify(5 as never), { name: 'TypeError', message: /expected a string, got 5/ });
  await t.rejects(classify(['a', null] as never), { name: 'TypeError', message: /texts\[1\]/ });
  await t.rejects(classify('a', { top_k: 0 }), { name: 'RangeError', message: /top_k/ });
  await t.rejects(classify('a', { topk: 1 } as never), { message: /did you mean 'top_k'/ });
  await classify.dispose();
  await t.rejects(pipeline('text-clasification' as never), { message: /'text-classification'/ });
  await t.rejects(pipeline(7 as never), { name: 'TypeError' });
  await t.rejects(pipeline('ner'), { code: 'ERR_NOT_FOUND', message: /pass a directory/ });
  await t.rejects(pipeline('ner', {} as never), { name: 'TypeError', message: /model, tokenizer/ });
  await t.rejects(pipeline('ner', './nowhere/at/all'), { code: 'ERR_NOT_FOUND' });
  await t.rejects(pipeline('ner', shipped, { treads: 1 } as never), { message: /'threads'/ });
});

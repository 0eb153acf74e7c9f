// The command line on real data: SST-2 by both classifiers in every dtype, masked words by the
// pretrained model.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  AlbertForMaskedLM,
  AlbertForSequenceClassification,
  AlbertModel,
  AlbertTokenizer,
  type DType,
} from '../../dist/index.js';
import { runNode } from '../support/forward';
import { readJson } from '../support/golden';
import { absoluteError, relativeNorm } from '../support/tensors';
import { folder } from './folder.cjs';

t.setTimeout(300_000);

const command = path.join(__dirname, '../../dist/cli/main.js');
const trained = path.join(folder, 'ckpt-mini');

interface Filling {
  token: number;
  score: number;
  token_str: string;
}

interface Expected {
  fill_mask: {
    text: string;
    input_ids: number[];
    top5: { token: number; piece: string; score: number }[];
  }[];
  sst2_dev: { correct_f32: number; total: number };
  sst2_first20_logits: number[][];
}

const expected = readJson<Expected>(trained, 'expected.json');

/** SST-2's development set. */
const sentences = readFileSync(path.join(folder, 'glue/SST-2/dev.tsv'), 'utf8')
  .split('\n')
  .slice(1)
  .filter(Boolean)
  .map((line) => line.split('\t'))
  .map(([text = '', label = '']) => ({ text, label: Number(label) }));

/** Streams all sentences through `albert classify` and counts the right answers. */
async function rightAnswers(t: Test, ...options: string[]): Promise<number> {
  const { code, output, errors } = await runNode(
    [command, 'classify', '--json', '--input', '-', ...options],
    { input: `${sentences.map(({ text }) => text).join('\n')}\n` },
  );
  t.same([code, errors], [0, '']);
  const results = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { label: string });
  t.equal(results.length, 872);
  return results.filter(
    ({ label }, i) => label === ['NEGATIVE', 'POSITIVE'][sentences[i]?.label ?? 2],
  ).length;
}

t.test('classify: the float32 checkpoint', async (t) => {
  t.same([sentences.length, expected.sst2_dev.total], [872, 872]);
  const right = await rightAnswers(t, '--model', path.join(trained, 'sst2'));
  t.ok(Math.abs(right - expected.sst2_dev.correct_f32) <= 1, `${right} of 872`);
});

t.test('classify: the model that ships with the package, in every dtype', async (t) => {
  const right = await rightAnswers(t);
  t.ok(Math.abs(right - expected.sst2_dev.correct_f32) <= 3, `${right} of 872`);
  // In points of 100: how much accuracy may differ from fp32.
  for (const [dtype, points] of [['bf16', 0.3], ['int8', 0.7]] as const) {
    const other = await rightAnswers(t, '--dtype', dtype);
    t.ok((100 * Math.abs(other - right)) / 872 <= points, `${dtype}: ${other}, fp32: ${right}`);
  }
});

t.test('bf16 and int8 against fp32: both checkpoints', async (t) => {
  const [sst2, pretrained] = [path.join(trained, 'sst2'), path.join(trained, 'pretrained')];
  const tokenizer = await AlbertTokenizer.from_pretrained(sst2);
  const inputs = tokenizer(sentences.slice(0, 64).map(({ text }) => text));
  const outputsIn = async (dtype: DType): Promise<Record<string, ArrayLike<number>>> => {
    const classifier = await AlbertForSequenceClassification.from_pretrained(sst2, { dtype });
    const encoder = await AlbertModel.from_pretrained(pretrained, { dtype });
    const masked = await AlbertForMaskedLM.from_pretrained(pretrained, { dtype });
    const last = inputs.input_ids.map(({ length }) => [length - 1]);
    return {
      'sst2: logits': (await classifier(inputs)).logits.data,
      'pretrained: last_hidden_state': (await encoder(inputs)).last_hidden_state.data,
      'pretrained: logits': (await masked(inputs, { logits_positions: last })).logits.data,
    };
  };
  const exact = await outputsIn('fp32');
  for (const [dtype, bound] of [['bf16', 1.5e-2], ['int8', 4e-2]] as const) {
    for (const [name, values] of Object.entries(await outputsIn(dtype))) {
      const { compared, worst } = relativeNorm(values, exact[name] ?? []);
      t.ok(compared > 100 && worst > 0 && worst <= bound, `${dtype}, ${name}: ${worst}`);
    }
  }
});

t.test('logits of the first sentences', async (t) => {
  const directory = path.join(trained, 'sst2');
  const model = await AlbertForSequenceClassification.from_pretrained(directory);
  const tokenizer = await AlbertTokenizer.from_pretrained(directory);
  const { logits } = await model(tokenizer(sentences.slice(0, 20).map(({ text }) => text)));
  const { compared, worst } = absoluteError(logits.data, expected.sst2_first20_logits.flat());
  t.equal(compared, 40);
  t.ok(worst <= 1e-4, `absolute error ${worst}`);
});

t.test('fill-mask: the same five words with the same probabilities', async (t) => {
  const directory = path.join(trained, 'pretrained');
  const tokenizer = await AlbertTokenizer.from_pretrained(directory);
  const texts = expected.fill_mask.map(({ text }) => text);
  t.equal(texts.length, 7);
  const arguments_ = [command, 'fill-mask', '--json', '--model', directory, ...texts];
  const { code, output, errors } = await runNode(arguments_);
  t.equal(code, 0, errors);
  const results = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Filling[]);
  t.equal(results.length, 7);
  expected.fill_mask.forEach(({ text, input_ids, top5 }, i) => {
    t.same(tokenizer.encode(text), input_ids, text);
    const got = results[i] ?? [];
    t.same(
      got.map(({ token }) => token),
      top5.map(({ token }) => token),
      text,
    );
    const { compared, worst } = absoluteError(
      got.map(({ score }) => score),
      top5.map(({ score }) => score),
    );
    t.ok(compared === 5 && worst <= 1e-4, `${text}: error ${worst}`);
  });
});

// albert embed: vectors of texts.
import { plain } from '../format.js';
import { stringField } from '../items.js';
import { oneOf } from '../values.js';
import { defineTask } from './task.js';

interface Options {
  pooling: 'mean' | 'cls' | 'none';
  normalize?: boolean;
}

interface Embedding {
  /** A vector; with pooling "none" one for each token. */
  embedding: number[] | number[][];
}

const shownNumbers = 6;

export const embed = defineTask<'feature-extraction', Options, string, Embedding>({
  name: 'embed',
  task: 'feature-extraction',
  summary: 'make vectors of texts',
  argument: 'texts to embed',
  lines: 'a text, or {"text": "…"}',
  json: '{"embedding": [0.12, …]}; with --pooling none an array of vectors, one for each token',
  examples: [
    'embed --model ./albert-base-v2 "a text"',
    'embed --model ./albert-base-v2 --normalize --json --input texts.txt --output vectors.jsonl',
  ],
  addOptions(command) {
    const poolings = ['mean', 'cls', 'none'];
    command
      .addOption(oneOf('--pooling <kind>', 'how tokens become one vector', poolings, 'mean'))
      .option('--normalize', 'scale each vector to length 1');
  },
  fromTexts: (texts) => texts,
  fromLine: (text) => text,
  fromObject: (fields) => stringField(fields, 'text', '{"text": "…"}'),
  async run(pipeline, texts, options, signal) {
    const { pooling, normalize } = options;
    const settings = { pooling, normalize, signal };
    if (pooling === 'none') {
      // One call each: together they would be padded to the longest.
      const tensors = await Promise.all(texts.map((text) => pipeline(text, settings)));
      return tensors.map((tensor) => ({ embedding: (tensor.tolist() as number[][][])[0]! }));
    }
    const vectors = (await pipeline(texts, settings)).tolist() as number[][];
    return vectors.map((embedding) => ({ embedding }));
  },
  human(text, { embedding }) {
    const [first] = embedding;
    const vector = (Array.isArray(first) ? first : embedding) as number[];
    const sizes = Array.isArray(first) ? [embedding.length, first.length] : [embedding.length];
    const numbers = vector.slice(0, shownNumbers).map((x) => x.toFixed(4).padStart(8));
    return `[${sizes.join(', ')}] ${numbers.join(' ')} …  ${plain(text)}\n`;
  },
});

// albert order: whether two passages stand in the right order.
import type { SentenceOrder } from '../../pipelines/index.js';
import { UsageError } from '../failures.js';
import { plain, score } from '../format.js';
import { LineError, stringField } from '../items.js';
import { defineTask } from './task.js';

interface Pair {
  first: string;
  second: string;
}

const shape = '{"first": "…", "second": "…"}';

export const order = defineTask<'sentence-order', object, Pair, SentenceOrder>({
  name: 'order',
  task: 'sentence-order',
  summary: 'tell whether the second of two passages follows the first',
  argument: 'the first passage and the second',
  lines: shape,
  jsonLinesOnly: true,
  json: '{"label": "in order", "score": 0.93}; the other label is "swapped"',
  examples: [
    'order --model ./albert-pretrained "He opened the door." "Then he went in."',
    'order --model ./albert-pretrained --json --input pairs.jsonl',
  ],
  addOptions() {},
  fromTexts(texts) {
    const [first, second] = texts;
    if (first === undefined) return [];
    if (second !== undefined && texts.length === 2) return [{ first, second }];
    throw new UsageError(`order takes two texts, the first and the second, got ${texts.length}`);
  },
  fromLine() {
    throw new LineError(`a pair of texts is needed: write ${shape}`);
  },
  fromObject: (fields) => ({
    first: stringField(fields, 'first', shape),
    second: stringField(fields, 'second', shape),
  }),
  async run(pipeline, items, _options, signal) {
    return pipeline(items, { signal });
  },
  human({ first, second }, { label, score: value }) {
    return `${label.padEnd(8)}  ${score(value)}  ${plain(first)} | ${plain(second)}\n`;
  },
});

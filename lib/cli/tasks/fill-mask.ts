// albert fill-mask: the likeliest words for each [MASK].
import type { FillMaskResult, MaskFilling } from '../../pipelines/index.js';
import { plain, score, table } from '../format.js';
import { stringField } from '../items.js';
import { positive, words } from '../values.js';
import { defineTask } from './task.js';

interface Options {
  topK: number;
  targets?: string[];
}

export const fillMask = defineTask<'fill-mask', Options, string, FillMaskResult>({
  name: 'fill-mask',
  task: 'fill-mask',
  summary: 'guess the words that [MASK] stands for',
  argument: 'texts with [MASK] in them',
  lines: 'a text with [MASK] in it, or {"text": "…"}',
  json: 'an array of {"score", "token", "token_str", "sequence"}; of several masks one array each',
  examples: [
    'fill-mask --model ./albert-base-v2 "Paris is the [MASK] of France."',
    'fill-mask --model ./albert-base-v2 --targets good,bad "The film was [MASK]."',
  ],
  addOptions(command) {
    command
      .option('--top-k <count>', 'words per mask, best first', positive, 5)
      .option('--targets <words>', 'consider these words only, separated by commas', words);
  },
  fromTexts: (texts) => texts,
  fromLine: (text) => text,
  fromObject: (fields) => stringField(fields, 'text', '{"text": "… [MASK] …"}'),
  async run(pipeline, texts, { topK, targets }, signal) {
    return pipeline(texts, { top_k: topK, targets, signal });
  },
  human(text, result) {
    const several = Array.isArray(result[0]);
    const masks = (several ? result : [result]) as MaskFilling[][];
    const lists = masks.map((fillings, i) => {
      const rows = fillings.map((row) => [
        score(row.score, 4),
        plain(row.token_str),
        plain(row.sequence),
      ]);
      return `${several ? `  mask ${i + 1}\n` : ''}${table(rows, '  ')}`;
    });
    return `${plain(text)}\n${lists.join('')}`;
  },
});

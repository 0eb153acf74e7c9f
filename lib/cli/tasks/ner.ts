// albert ner: named entities, or whatever the labels of a token classifier are.
import type { TokenClassificationResult } from '../../pipelines/index.js';
import { plain, score, table } from '../format.js';
import { stringField } from '../items.js';
import { oneOf, words } from '../values.js';
import { defineTask } from './task.js';

type Strategy = 'none' | 'simple' | 'first' | 'average' | 'max';

interface Options {
  aggregation: Strategy;
  ignoreLabels: string[];
}

export const ner = defineTask<'token-classification', Options, string, TokenClassificationResult>({
  name: 'ner',
  task: 'token-classification',
  summary: 'find names in texts (labels of tokens and where they are)',
  argument: 'texts to read',
  lines: 'a text, or {"text": "…"}',
  json: 'an array of {"entity_group", "score", "word", "start", "end"} (UTF-16 positions)',
  examples: [
    'ner --model ./albert-ner "Sarah lives in London"',
    'ner --model ./albert-ner --aggregation none --json "Sarah lives in London"',
  ],
  addOptions(command) {
    const strategies = ['none', 'simple', 'first', 'average', 'max'];
    command
      .addOption(
        oneOf('--aggregation <strategy>', 'how tokens become entities', strategies, 'simple'),
      )
      .option('--ignore-labels <labels>', 'labels to leave out, separated by commas', words, ['O']);
  },
  fromTexts: (texts) => texts,
  fromLine: (text) => text,
  fromObject: (fields) => stringField(fields, 'text', '{"text": "…"}'),
  async run(pipeline, texts, { aggregation, ignoreLabels }, signal) {
    const options = { aggregation_strategy: aggregation, ignore_labels: ignoreLabels, signal };
    return pipeline(texts, options);
  },
  human(text, result) {
    const rows = result.map((entity) => [
      'entity' in entity ? entity.entity : entity.entity_group,
      score(entity.score),
      `${entity.start}-${entity.end}`,
      plain(entity.word),
    ]);
    return `${plain(text)}\n${table(rows, '  ')}`;
  },
});

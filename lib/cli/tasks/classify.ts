// albert classify: labels for texts.
import type { Classification, TextClassificationPipeline } from '../../pipelines/index.js';
import { plain, score } from '../format.js';
import { optionalField, stringField } from '../items.js';
import { oneOf, topKOrAll } from '../values.js';
import { defineTask } from './task.js';

interface Options {
  topK: number | 'all';
  functionToApply?: 'softmax' | 'sigmoid' | 'none';
}

interface Item {
  text: string;
  text_pair?: string;
}

const shape = '{"text": "…"}';

export const classify = defineTask<
  'text-classification',
  Options,
  Item,
  Classification | Classification[]
>({
  name: 'classify',
  task: 'text-classification',
  summary: 'label texts: sentiment by default, or whatever --model was trained for',
  argument: 'texts to classify',
  lines: 'a text, or {"text": "…", "text_pair": "…"} (text_pair may be absent)',
  json: '{"label": "POSITIVE", "score": 0.98}; with --top-k an array of those, best first',
  examples: [
    'classify "a gripping film"',
    'classify --json --input reviews.txt --output labels.jsonl',
    'classify --model ./my-model --top-k all "how do I reset my password?"',
  ],
  addOptions(command) {
    command
      .option('--top-k <count>', 'labels per text, best first: a number or "all"', topKOrAll, 1)
      .addOption(
        oneOf('--function-to-apply <name>', 'what makes scores of logits', [
          'softmax',
          'sigmoid',
          'none',
        ]),
      );
  },
  fromTexts: (texts) => texts.map((text) => ({ text })),
  fromLine: (text) => ({ text }),
  fromObject(fields) {
    const text = stringField(fields, 'text', shape);
    const text_pair = optionalField(fields, 'text_pair', shape);
    return text_pair === undefined ? { text } : { text, text_pair };
  },
  async run(pipeline, items, { topK, functionToApply }, signal) {
    const top_k = topK === 'all' ? null : topK;
    const options = { top_k, function_to_apply: functionToApply, signal };
    return pipeline(items, options);
  },
  human(item, result, pipeline) {
    const width = longestLabel(pipeline);
    const text = plain([item.text, item.text_pair ?? ''].join(' '));
    const rows = [result].flat().map((row, i) => {
      const line = `${row.label.padEnd(width)}  ${score(row.score)}`;
      return i === 0 ? `${line}  ${text}`.trimEnd() : line;
    });
    return `${rows.join('\n')}\n`;
  },
});

function longestLabel({ model }: TextClassificationPipeline): number {
  return Object.values(model.config.id2label ?? { 0: 'LABEL_0' }).reduce(
    (longest, label) => Math.max(longest, label.length),
    0,
  );
}

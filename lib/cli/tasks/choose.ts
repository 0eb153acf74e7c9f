// albert choose: which of several choices fits a context best.
import type { ChoiceQuestion, ScoredChoice } from '../../pipelines/index.js';
import { plain, score, table } from '../format.js';
import { optionalField, required, stringField, stringsField } from '../items.js';
import { collect } from '../values.js';
import { defineTask } from './task.js';

interface Options {
  question?: string;
  choice?: string[];
}

export const choose = defineTask<'multiple-choice', Options, ChoiceQuestion, ScoredChoice[]>({
  name: 'choose',
  task: 'multiple-choice',
  summary: 'choose among answers to a question, or continuations of a text',
  argument: 'contexts to choose for',
  lines:
    'a context (with --choice), or {"context", "question", "choices"} (question may be absent)',
  json: 'an array of {"choice", "index", "score"}, best first',
  examples: [
    'choose --model ./albert-race --choice "We stay in." --choice "We go out." "It rains."',
    'choose --model ./albert-race --json --input questions.jsonl',
  ],
  addOptions(command) {
    command
      .option('--question <text>', 'a question about the context; "_" stands for the choice')
      .option('--choice <text>', 'one choice; give the option once for each', collect);
  },
  fromTexts: (texts, options) => texts.map((context) => complete(context, options)),
  fromLine: (context, options) => complete(context, options),
  fromObject(fields, options) {
    const shape = '{"context": "…", "question": "…", "choices": ["…", "…"]}';
    const context = stringField(fields, 'context', shape);
    const question = optionalField(fields, 'question', shape) ?? options.question;
    const choices = fields.choices === undefined ? options.choice : undefined;
    return { context, question, choices: choices ?? stringsField(fields, 'choices', shape) };
  },
  async run(pipeline, items, _options, signal) {
    return pipeline(items, { signal });
  },
  human({ context, question }, result) {
    const rows = result.map((row) => [score(row.score), String(row.index), plain(row.choice)]);
    return `${plain(`${context} ${question ?? ''}`)}\n${table(rows, '  ')}`;
  },
});

function complete(context: string, { question, choice }: Options): ChoiceQuestion {
  return { context, question, choices: required(choice, '--choice') };
}

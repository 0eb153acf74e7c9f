// albert answer: the passages of a context that answer a question.
import type { Answer, Question } from '../../pipelines/index.js';
import { UsageError } from '../failures.js';
import { plain, score, table } from '../format.js';
import { optionalField, required } from '../items.js';
import { count, positive } from '../values.js';
import { defineTask } from './task.js';

interface Options {
  question?: string;
  context?: string;
  topK: number;
  maxAnswerLen: number;
  docStride?: number;
  impossible?: boolean;
}

export const answer = defineTask<'question-answering', Options, Question, Answer | Answer[]>({
  name: 'answer',
  task: 'question-answering',
  summary: 'find the answer to a question in a text of any length',
  argument: 'contexts for --question, or questions about --context',
  lines: 'a context (with --question), a question (with --context), or {"question", "context"}',
  json: '{"answer", "score", "start", "end"} (UTF-16 positions); with --top-k an array of those',
  examples: [
    'answer --model ./albert-squad --question "Where does Sarah live?" "Sarah lives in London."',
    'answer --model ./albert-squad --context "$(cat book.txt)" "Who is Darcy?" "Who is Jane?"',
    'answer --model ./albert-squad --json --input questions.jsonl',
  ],
  addOptions(command) {
    command
      .option('--question <text>', 'the question; TEXT or lines are then contexts')
      .option('--context <text>', 'the context; TEXT or lines are then questions')
      .option('--top-k <count>', 'answers, best first', positive, 1)
      .option('--max-answer-len <tokens>', 'the longest answer in tokens', positive, 15)
      .option(
        '--doc-stride <tokens>',
        'tokens that neighbouring windows share (default: 128)',
        count,
      )
      .option('--impossible', 'let "no answer" compete with the answers');
  },
  fromTexts(texts, options) {
    const { question, context } = options;
    if (question === undefined || context === undefined) {
      return texts.map((text) => complete(text, options));
    }
    if (texts.length === 0) return [{ question, context }];
    throw new UsageError('--question and --context leave nothing for TEXT: give two of the three');
  },
  fromLine: (line, options) => complete(line, options),
  fromObject(fields, options) {
    const shape = '{"question": "…", "context": "…"}';
    const question = optionalField(fields, 'question', shape) ?? options.question;
    const context = optionalField(fields, 'context', shape) ?? options.context;
    return {
      question: required(question, 'the field "question", or --question,'),
      context: required(context, 'the field "context", or --context,'),
    };
  },
  async run(pipeline, items, options, signal) {
    return pipeline(items, {
      top_k: options.topK,
      max_answer_len: options.maxAnswerLen,
      doc_stride: options.docStride,
      handle_impossible_answer: options.impossible,
      signal,
    });
  },
  human({ question }, result) {
    const rows = [result].flat().map(({ answer, score: value, start, end }) => {
      return [score(value), `${start}-${end}`, answer === '' ? '(no answer)' : plain(answer)];
    });
    return `${plain(question)}\n${table(rows, '  ')}`;
  },
});

function complete(text: string, { question, context }: Options): Question {
  if (context !== undefined && question === undefined) return { question: text, context };
  return { question: required(question, '--question'), context: text };
}

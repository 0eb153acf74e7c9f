// Multiple choice in tables: SWAG, and any table whose columns are given as options.
import { AlbertError } from '../../errors.js';
import { tableNames } from './column-tasks.js';
import { locate } from './locate.js';
import { joinedChoice } from '../../sequences.js';
import { choiceTask, type ChoiceExample } from './multiple-choice.js';
import { readTable, textOf, type NamedRow } from './tables.js';
import type { Split, Task, TaskOptions } from './task.js';
import { dataError } from './text-files.js';

const swagColumns: Partial<TaskOptions> = {
  context_column: 'sent1',
  question_column: 'sent2',
  choice_columns: ['ending0', 'ending1', 'ending2', 'ending3'],
};

/** SWAG: which of four endings goes on; `sent1` is the context, `sent2` begins each ending. */
export function swagTask(options: TaskOptions): Task<ChoiceExample, number[]> {
  return tableTask('swag', { ...options, ...swagColumns });
}

/** Any table: a context, perhaps a question, the choices, and the number of the right one. */
export function choiceOfColumns(options: TaskOptions): Task<ChoiceExample, number[]> {
  const { context_column, choice_columns = [] } = options;
  if (context_column === undefined || choice_columns.length < 2) {
    const advice = '--context_column, --choice_columns a,b,… (and --question_column)';
    throw new AlbertError('ERR_CONFIG', `multiple-choice: which columns? Pass ${advice}`);
  }
  return tableTask('multiple-choice', options);
}

function tableTask(name: string, options: TaskOptions): Task<ChoiceExample, number[]> {
  const { max_seq_length = 128, max_qa_length = max_seq_length } = options;
  return choiceTask({
    name,
    sizes: { max_seq_length, max_qa_length },
    read: (split) => readChoices(options, split),
    answer: (choice) => choice,
  });
}

async function* readChoices(options: TaskOptions, split: Split): AsyncGenerator<ChoiceExample> {
  const file = await locate(options, split, tableNames(split));
  let count = 0;
  for await (const row of readTable(file, options.header)) {
    yield exampleOf(row, options, split, count++);
  }
  if (count === 0) throw dataError(file, 1, 'there are no questions in it');
}

function exampleOf(
  row: NamedRow,
  options: TaskOptions,
  split: Split,
  count: number,
): ChoiceExample {
  const { context_column = '', question_column, choice_columns = [] } = options;
  const { label_column = 'label' } = options;
  const question = question_column === undefined ? undefined : textOf(row, question_column);
  const example: ChoiceExample = {
    index: String(row.values.get('id') ?? row.values.get('video-id') ?? count),
    context: textOf(row, context_column),
    choices: choice_columns.map((column) => joinedChoice(question, textOf(row, column))),
  };
  if (!row.values.has(label_column) && split === 'test') return example;
  const written = textOf(row, label_column);
  const label = /^\d+$/.test(written.trim()) ? Number(written) : -1;
  if (label >= 0 && label < choice_columns.length) return { ...example, label };
  const expected = `the number of the right choice, 0 to ${choice_columns.length - 1}`;
  throw dataError(row.file, row.number, `column ${label_column}: expected ${expected}`);
}

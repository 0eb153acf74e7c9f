// RACE: exams of middle and high schools, four answers to a question about an article.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { kindOf, locate } from './locate.js';
import { joinedChoice } from '../../sequences.js';
import { choiceTask, type ChoiceExample } from './multiple-choice.js';
import type { Split, Task, TaskOptions } from './task.js';
import { dataError, readJsonLines } from './text-files.js';

const letters = 'ABCDEFGH';

/** Makes the task. */
export function raceTask(options: TaskOptions): Task<ChoiceExample, number[]> {
  const { max_seq_length = 512, max_qa_length = 128 } = options;
  return choiceTask({
    name: 'race',
    sizes: { max_seq_length, max_qa_length },
    read: (split) => readRace(options, split),
    answer: (choice) => letters[choice] ?? choice,
  });
}

async function* readRace(options: TaskOptions, split: Split): AsyncGenerator<ChoiceExample> {
  const place = await locate(options, split, [path.join('RACE', split), split]);
  let count = 0;
  for (const file of await filesOf(place, options.levels ?? ['middle', 'high'])) {
    for await (const { number, fields } of readJsonLines(file)) {
      for (const example of examplesOf(fields, { file, number })) {
        ++count;
        yield example;
      }
    }
  }
  if (count === 0) throw dataError(place, 1, 'there are no questions in it');
}

/** One file of JSON lines, or all .txt files of the levels' folders, in the order of names. */
async function filesOf(place: string, levels: readonly string[]): Promise<string[]> {
  if ((await kindOf(place)) === 'file') return [place];
  const files: string[] = [];
  for (const level of levels) {
    const folder = path.join(place, level);
    if ((await kindOf(folder)) !== 'folder') continue;
    const names = (await readdir(folder)).filter((name) => name.endsWith('.txt'));
    const byNumber = new Intl.Collator('en', { numeric: true }).compare;
    files.push(...names.sort(byNumber).map((name) => path.join(folder, name)));
  }
  return files;
}

interface Exam {
  id: string;
  article: string;
  questions: string[];
  options: string[][];
  answers?: string[];
}

function examplesOf(
  fields: Record<string, unknown>,
  at: { file: string; number: number },
): ChoiceExample[] {
  if (!isExam(fields)) {
    const shape = '{"id", "article", "questions", "options", "answers"} as RACE has it';
    throw dataError(at.file, at.number, `expected ${shape}`);
  }
  return fields.questions.map((question, i) => {
    const choices = fields.options[i] ?? [];
    const example: ChoiceExample = {
      index: `${fields.id}-${i}`,
      context: fields.article,
      choices: choices.map((choice) => joinedChoice(question, choice)),
    };
    const answer = fields.answers?.[i];
    if (answer === undefined) return example;
    const label = answer.length === 1 ? letters.indexOf(answer) : -1;
    if (label >= 0 && label < choices.length) return { ...example, label };
    throw dataError(at.file, at.number, `question ${i}: the answer ${answer} is no choice`);
  });
}

function isExam(fields: Record<string, unknown>): fields is Record<string, unknown> & Exam {
  const { id, article, questions, options, answers } = fields;
  const texts = (value: unknown): boolean =>
    Array.isArray(value) && value.every((text) => typeof text === 'string');
  const listed = texts(questions) && Array.isArray(options) && options.every(texts);
  if (!listed || typeof article !== 'string' || typeof id !== 'string') return false;
  const count = (questions as string[]).length;
  const answered = answers === undefined || texts(answers);
  const filled = options.every((list: string[]) => list.length > 0);
  return answered && filled && options.length === count;
}

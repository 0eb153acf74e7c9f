// Reads SQuAD's JSON: articles, paragraphs, questions, answers.
import { AlbertError } from '../../../errors.js';
import { isRecord, line } from '../../../options.js';
import { readJsonFile } from '../text-files.js';

/** An answer as annotators marked it. */
export interface SquadAnswer {
  text: string;
  /** Where it begins in the context, in code points. */
  answer_start: number;
}

/** One question about one context. */
export interface SquadQuestion {
  id: string;
  question: string;
  context: string;
  /** Empty where it has none; absent in unlabelled data. */
  answers?: SquadAnswer[];
}

/**
 * The questions of a file in SQuAD's form, 1.1 or 2.0. The file is one JSON value, which is read as
 * a whole.
 *
 * @throws (rejects) AlbertError `ERR_NOT_FOUND`, `ERR_FORMAT` that names the place
 */
export async function* readSquad(file: string): AsyncGenerator<SquadQuestion> {
  const name = line(file, 200);
  const root = await readJsonFile(file);
  let count = 0;
  for (const [a, article] of list(root, 'data', name).entries()) {
    const at = `${name}: article ${a}`;
    for (const [p, paragraph] of list(article, 'paragraphs', at).entries()) {
      const place = `${at}, paragraph ${p}`;
      const context = text(paragraph, 'context', place);
      for (const [q, entry] of list(paragraph, 'qas', place).entries()) {
        ++count;
        yield questionOf(entry, context, `${place}, question ${q}`);
      }
    }
  }
  if (count === 0) throw new AlbertError('ERR_FORMAT', `${name}: there are no questions in it`);
}

function questionOf(entry: unknown, context: string, at: string): SquadQuestion {
  const question = { id: text(entry, 'id', at), question: text(entry, 'question', at), context };
  const { answers, is_impossible } = entry as Record<string, unknown>;
  if (is_impossible === true) return { ...question, answers: [] };
  if (answers === undefined) return question;
  const length = Array.from(context).length;
  const read = list(entry, 'answers', at).map((answer, i) => {
    const place = `${at}, answer ${i}`;
    const start = isRecord(answer) ? answer['answer_start'] : undefined;
    const marked = text(answer, 'text', place);
    const end = Number(start) + Array.from(marked).length;
    if (Number.isInteger(start) && Number(start) >= 0 && end <= length) {
      return { text: marked, answer_start: Number(start) };
    }
    throw new AlbertError(
      'ERR_FORMAT',
      `${place}: answer_start ${String(start)} is not in its context`,
    );
  });
  return { ...question, answers: read };
}

function list(value: unknown, field: string, at: string): unknown[] {
  const found = isRecord(value) ? value[field] : undefined;
  if (Array.isArray(found)) return found;
  throw new AlbertError('ERR_FORMAT', `${at}: expected a list "${field}", as SQuAD has it`);
}

function text(value: unknown, field: string, at: string): string {
  const found = isRecord(value) ? value[field] : undefined;
  if (typeof found === 'string') return found;
  throw new AlbertError('ERR_FORMAT', `${at}: expected a text "${field}", as SQuAD has it`);
}

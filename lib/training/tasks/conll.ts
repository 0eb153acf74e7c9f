// Reads sentences of tagged words: CoNLL columns, or JSON lines with words and tags.
import path from 'node:path';
import { toIob2 } from './metrics/entities.js';
import { dataError, readJsonLines, readLines } from './text-files.js';

/** A sentence; tags are IOB2. */
export interface TaggedSentence {
  words: string[];
  /** Absent in unlabelled data. */
  tags?: string[];
  file: string;
  /** Where it begins. */
  number: number;
}

/**
 * The sentences of a file: a word a line with its columns behind it (between tabs or spaces), a
 * blank line between sentences; or JSON lines `{"words": […], "ner": […]}` ("tokens" and "tags" are
 * read, too). IOB1 becomes IOB2; -DOCSTART- lines are skipped.
 *
 * @param tagColumn counts from 0; absent = the last
 * @throws (rejects) AlbertError `ERR_FORMAT` with file and line
 */
export async function* readSentences(
  file: string,
  tagColumn?: number,
): AsyncGenerator<TaggedSentence> {
  const json = ['.json', '.jsonl'].includes(path.extname(file).toLowerCase());
  let count = 0;
  for await (const sentence of json ? readJson(file) : readColumns(file, tagColumn)) {
    ++count;
    yield sentence;
  }
  if (count === 0) throw dataError(file, 1, 'there are no sentences in it');
}

/** Words and tags as they are gathered; undefined stands for a missing tag. */
interface Gathered {
  words: string[];
  tags: (string | undefined)[];
  number: number;
}

async function* readColumns(file: string, tagColumn?: number): AsyncGenerator<TaggedSentence> {
  let open: Gathered | undefined;
  for await (const { number, text } of readLines(file)) {
    if (text.trim() === '' || text.startsWith('-DOCSTART-')) {
      if (open) yield finished(file, open);
      open = undefined;
      continue;
    }
    const cells = text.includes('\t') ? text.split('\t') : text.trim().split(/ +/);
    const tag = tagColumn === undefined ? cells.slice(1).at(-1) : cells[tagColumn];
    if (tagColumn !== undefined && tag === undefined) {
      throw dataError(
        file,
        number,
        `there is no column ${tagColumn}: the line has ${cells.length}`,
      );
    }
    open ??= { words: [], tags: [], number };
    open.words.push(cells[0] ?? '');
    open.tags.push(tag);
  }
  if (open) yield finished(file, open);
}

async function* readJson(file: string): AsyncGenerator<TaggedSentence> {
  for await (const { number, fields } of readJsonLines(file)) {
    const words = fields['words'] ?? fields['tokens'];
    const tags = fields['ner'] ?? fields['tags'] ?? fields['ner_tags'];
    if (!isTexts(words) || !(tags === undefined || isTexts(tags))) {
      throw dataError(file, number, 'expected {"words": ["…", …], "ner": ["O", …]}');
    }
    if (tags && tags.length !== words.length) {
      throw dataError(file, number, `${words.length} words have ${tags.length} tags`);
    }
    if (words.length === 0) continue;
    yield finished(file, { words, tags: tags ?? words.map(() => undefined), number });
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function finished(file: string, { words, tags, number }: Gathered): TaggedSentence {
  const tagged = tags.filter((tag) => tag !== undefined);
  if (tagged.length === 0) return { words, file, number };
  if (tagged.length < words.length) {
    throw dataError(file, number, 'a sentence begins here in which some words have no tag');
  }
  const wrong = tagged.find((tag) => !/^(O|[BIES]-.+)$/.test(tag));
  if (wrong !== undefined) {
    const expected = 'O, or B-, I-, E- or S- and a type (another column? see --tag_column)';
    throw dataError(file, number, `the tag ${JSON.stringify(wrong)}: expected ${expected}`);
  }
  return { words, tags: toIob2(tagged), file, number };
}

// Every line of every corpus is encoded and decoded, and its offsets are sound.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertTokenizer, type BatchEncoding } from '../../dist/index.js';
import { folder } from './folder.cjs';

t.setTimeout(300_000);

const filesOf = (directory: string): string[] =>
  readdirSync(path.join(folder, directory))
    .sort()
    .map((name) => path.join(directory, name));

const linesOf = (file: string): string[] =>
  readFileSync(path.join(folder, file), 'utf8').split('\n');

/** Every string in a JSON file: questions, answers, whole paragraphs. */
function stringsOf(file: string): string[] {
  const strings: string[] = [];
  JSON.parse(readFileSync(path.join(folder, file), 'utf8'), (_, value: unknown) => {
    if (typeof value === 'string') strings.push(value);
    return value;
  });
  return strings;
}

const corpora: Record<string, string[]> = {
  novels: filesOf('corpus-novels').flatMap(linesOf),
  Wikipedia: filesOf('corpus-wikipedia-featured').flatMap(linesOf),
  WikiText: filesOf('corpus-wikitext2').flatMap(linesOf),
  'sample texts': ['sample_text.txt', 'sample_text_no_unicode.txt'].flatMap(linesOf),
  XQuAD: filesOf('squad')
    .filter((file) => file.includes('xquad'))
    .flatMap(stringsOf),
};

/** Why an encoding of a text is not sound; undefined where it is. */
function faultOf(text: string, ids: number[], spans: [number, number][]): string | undefined {
  if (ids.length < 2 || ids[0] !== 2 || ids.at(-1) !== 3) return 'no [CLS] and [SEP]';
  if (spans.length !== ids.length) return 'not one offset for each token';
  let previous = 0;
  for (const [begin, end] of spans.slice(1, -1)) {
    if (begin < previous || end < begin || end > text.length) return `offsets ${begin} to ${end}`;
    previous = begin;
  }
  // Offsets that cut a surrogate pair would make half a character of it.
  const halves = spans
    .flat()
    .some(
      (at) => /[\udc00-\udfff]/.test(text[at] ?? '') && /[\ud800-\udbff]/.test(text[at - 1] ?? ''),
    );
  return halves ? 'half a surrogate pair' : undefined;
}

function faultsOf(texts: string[], batch: BatchEncoding): string[] {
  return texts.flatMap((text, i) => {
    const fault = faultOf(text, batch.input_ids[i] ?? [], batch.offset_mapping?.[i] ?? []);
    return fault ? [`${fault}: ${JSON.stringify(text.slice(0, 80))}`] : [];
  });
}

for (const [name, texts] of Object.entries(corpora)) {
  t.test(`every line of ${name}`, async (t) => {
    const tokenizer = await AlbertTokenizer.from_pretrained(path.join(folder, 'spiece.model'));
    const faults: string[] = [];
    let tokens = 0;
    let unstable = 0;
    for (let begin = 0; begin < texts.length; begin += 500) {
      const part = texts.slice(begin, begin + 500);
      const batch = await tokenizer.encode_batch(part, { return_offsets_mapping: true });
      faults.push(...faultsOf(part, batch));
      const decoded = tokenizer.batch_decode(batch.input_ids, { skip_special_tokens: true });
      t.equal(decoded.length, part.length);
      tokens += batch.input_ids.reduce((sum, { length }) => sum + length, 0);
      // Text that was decoded has been normalized: it decodes to itself.
      const known = decoded.filter((_, i) => !batch.input_ids[i]?.includes(1));
      const again = tokenizer.batch_decode((await tokenizer.encode_batch(known)).input_ids, {
        skip_special_tokens: true,
      });
      unstable += again.filter((text, i) => text !== known[i]).length;
    }
    t.same(faults.slice(0, 5), [], `${texts.length} lines, ${tokens} tokens`);
    t.ok(texts.length > 30 && tokens > 1000, `${texts.length} lines, ${tokens} tokens`);
    t.ok(unstable <= texts.length / 100, `${unstable} texts change when they are encoded again`);
  });
}

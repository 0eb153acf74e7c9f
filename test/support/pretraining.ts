// Pretraining datasets for tests: small corpora, a tokenizer, and what examples must satisfy.
import { AlbertTokenizer, type PretrainingExample } from '../../dist/index.js';
import { spiece } from './spiece';

export const loadTokenizer = (): Promise<AlbertTokenizer> =>
  AlbertTokenizer.from_pretrained(spiece);

/** The first examples of a source; all of them where it has fewer. */
export async function take<T>(source: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const taken: T[] = [];
  if (most === 0) return taken;
  for await (const one of source) {
    taken.push(one);
    if (taken.length >= most) break;
  }
  return taken;
}

/** Words that are one piece each in the English vocabulary. */
const words = 'the river ran past old houses and under a bridge where people would stop to talk';

/** A sentence of some words that says which document and line it is of. */
export function sentence(document: number, line: number): string {
  const list = words.split(' ');
  const count = 4 + ((document * 7 + line * 3) % 9);
  const picked = Array.from({ length: count }, (_, i) => list[(document + line * 5 + i) % 16]);
  return `${picked.join(' ')} ${document} and ${line}.`;
}

/** Documents of plain text, a blank line between them. */
export function plainText(documents: number, lines: number): string {
  return Array.from({ length: documents }, (_, d) =>
    Array.from({ length: lines }, (_, l) => sentence(d, l)).join('\n'),
  ).join('\n\n');
}

/** Why an example is not sound; undefined where it is. */
export function faultOf(example: PretrainingExample, width: number): string | undefined {
  const { input_ids: ids, token_type_ids: types, labels, token_boundary: boundary } = example;
  if (ids.length > width) return `${ids.length} tokens`;
  const lengths = [types, labels, boundary].map(({ length }) => length);
  if (lengths.some((length) => length !== ids.length)) return `lengths ${lengths.join()}`;
  const original = ids.map((id, i) => (labels[i] === -100 ? id : (labels[i] ?? id)));
  const separators = original.flatMap((id, i) => (id === 3 ? [i] : []));
  if (original[0] !== 2 || separators.length !== 2) return 'not [CLS] … [SEP] … [SEP]';
  if (separators[1] !== ids.length - 1) return 'tokens behind the last [SEP]';
  const first = types.lastIndexOf(0);
  if (first !== separators[0]) return 'types';
  if (types.some((type, i) => type !== Number(i > first))) return 'types';
  if (labels.some((label, i) => label !== -100 && (i === 0 || separators.includes(i)))) {
    return 'a special token is to be guessed';
  }
  return undefined;
}

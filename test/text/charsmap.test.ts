// The charsmap of the shipped model, code point by code point: a model whose pieces are single
// characters shows what the normalizer made of a text.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { fixtures } from '../support/golden';
import { field, nativeTokenizer, piece, pieceType, shippedNormalizer } from '../support/spiece';

t.setTimeout(300_000);

/** Code point → what the charsmap makes of it. */
function readTable(): Map<number, string> {
  const file = path.join(fixtures, 'golden/nmt_nfkc_codepoints.tsv');
  const lines = readFileSync(file, 'utf8').split('\n').slice(1).filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [point = '', bytes = ''] = line.split('\t');
      return [parseInt(point, 16), Buffer.from(bytes, 'hex').toString()];
    }),
  );
}

const table = readTable();
const isSurrogate = (point: number): boolean => point >= 0xd800 && point < 0xe000;

/** All code points of the lower planes that text uses, and all that the table names. */
function codePoints(): number[] {
  const points = new Set([...table.keys()]);
  for (let point = 1; point < 0x10000; ++point) if (!isSurrogate(point)) points.add(point);
  for (let point = 0x1f000; point < 0x1fb00; ++point) points.add(point);
  return [...points].sort((a, b) => a - b);
}

function characterModel(): Buffer {
  const characters = new Set(['▁', '!']);
  for (const point of codePoints()) {
    for (const character of table.get(point) ?? String.fromCodePoint(point))
      characters.add(character);
  }
  // Space becomes ▁ before pieces are looked up.
  characters.delete(' ');
  const pieces = [...characters].map((character) => piece(character, -1));
  const trainer = field(2, Buffer.from([(3 << 3) | 0, 1]));
  return Buffer.concat([
    piece('<unk>', 0, pieceType.unknown),
    ...pieces,
    trainer,
    shippedNormalizer(),
  ]);
}

t.test('every code point maps as the golden table says, all others to themselves', async (t) => {
  t.equal(table.size, 4837);
  const tokenizer = await nativeTokenizer(characterModel());
  const wrong: string[] = [];
  let compared = 0;
  for (const point of codePoints()) {
    // "!" composes with nothing, and keeps spaces from being stripped.
    const ids = tokenizer.sentencepiece_ids(`!${String.fromCodePoint(point)}!`);
    const got = Array.from(ids, (id) => tokenizer.piece(id)).join('');
    const mapped = (table.get(point) ?? String.fromCodePoint(point)).replaceAll(' ', '▁');
    if (got !== `▁!${mapped}!`)
      wrong.push(`U+${point.toString(16)}: ${got}, expected ▁!${mapped}!`);
    ++compared;
  }
  t.ok(compared > 65_000, `${compared} code points`);
  t.same(wrong.slice(0, 10), [], `${wrong.length} are wrong`);
});

t.test('longer keys win: marks compose, Hangul syllables too', async (t) => {
  const tokenizer = await nativeTokenizer(characterModel());
  const normalized = (text: string): string =>
    Array.from(tokenizer.sentencepiece_ids(text), (id) => tokenizer.piece(id)).join('');
  for (const text of ['e\u0301', 'A\u030a', '\u1100\u1161', '\u1100\u1161\u11a8', 'ｶ\uff9e']) {
    t.equal(normalized(text), `▁${text.normalize('NFKC')}`, JSON.stringify(text));
  }
  t.equal(normalized('  a \t\u3000 b  '), '▁a▁b', 'spaces collapse');
  t.equal(normalized(' \u200b\ufeff '), '', 'nothing but spaces is nothing');
  t.equal(
    normalized('a\0b'),
    '▁a\0b'.replace('\0', tokenizer.piece(0)),
    'NUL stays and is unknown',
  );
});

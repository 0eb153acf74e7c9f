// Finds the characters of a text again in its tokens: a longest common subsequence in a band.

/** For each character of one side its partner on the other; -1 where it has none. */
export interface Links {
  fromLeft: Int32Array;
  fromRight: Int32Array;
}

const fromAbove = 0;
const fromBefore = 1;
const matched = 2;
const none = 3;

/**
 * Links equal characters in order, as many as possible. ALBERT's original code looks for partners
 * within |n - m| + 5 places, and within twice as many where that links no more than 80 %; which of
 * several best links are taken is as there.
 *
 * @returns undefined where fewer than 80 % of `left` have a partner
 */
export function linkCharacters(
  left: readonly string[],
  right: readonly string[],
): Links | undefined {
  const enough = 0.8 * left.length;
  const distance = Math.abs(left.length - right.length) + 5;
  let table = fillBand(left, right, distance);
  if (table.best <= enough) table = fillBand(left, right, 2 * distance);
  if (table.best < enough) return undefined;
  const links = traceBack(table, left.length, right.length);
  return links.fromLeft.some((partner) => partner >= 0) ? links : undefined;
}

/** Row i holds the columns i - distance to i + distance - 1: what lies outside counts as 0. */
interface Band {
  distance: number;
  /** How each cell came to its value. */
  origins: Uint8Array;
  /** Characters linked in all. */
  best: number;
}

function fillBand(left: readonly string[], right: readonly string[], distance: number): Band {
  const [n, m, width] = [left.length, right.length, 2 * distance];
  const origins = new Uint8Array(n * width).fill(none);
  let above = new Int32Array(width);
  let best = 0;
  for (let i = 0; i < n; ++i) {
    const here = new Int32Array(width);
    const first = Math.max(0, i - distance);
    const last = Math.min(m - 1, i + distance - 1);
    for (let j = first; j <= last; ++j) {
      // The cell above is one further to the right in its own row, the diagonal one right above.
      const at = j - i + distance;
      let origin = i > 0 ? fromAbove : none;
      let value = i > 0 ? (above[at + 1] ?? 0) : 0;
      const before = j > 0 ? (here[at - 1] ?? 0) : 0;
      if (before > value) [origin, value] = [fromBefore, before];
      const diagonal = i > 0 && j > 0 ? above[at]! : 0;
      if (diagonal + 1 > value && left[i] === right[j]) [origin, value] = [matched, diagonal + 1];
      here[at] = value;
      origins[i * width + at] = origin;
    }
    if (i === n - 1) best = here[m - 1 - i + distance] ?? 0;
    above = here;
  }
  return { distance, origins, best };
}

function traceBack({ distance, origins }: Band, n: number, m: number): Links {
  const links = { fromLeft: new Int32Array(n).fill(-1), fromRight: new Int32Array(m).fill(-1) };
  const width = 2 * distance;
  let [i, j] = [n - 1, m - 1];
  while (i >= 0 && j >= 0) {
    const at = j - i + distance;
    const origin = at >= 0 && at < width ? origins[i * width + at] : none;
    if (origin === none) break;
    if (origin === matched) {
      links.fromLeft[i] = j;
      links.fromRight[j] = i;
    }
    if (origin !== fromBefore) --i;
    if (origin !== fromAbove) --j;
  }
  return links;
}

/**
 * The partner of a character; of one without, what its linked neighbours leave room for.
 *
 * @param limit how long the other side is; where it is given, places behind the last link count
 */
export function partnerOf(
  links: Int32Array,
  at: number,
  side: 'start' | 'end',
  limit?: number,
): number {
  let behind = at;
  while (behind < links.length - 1 && links[behind]! < 0) ++behind;
  let ahead = at;
  while (ahead > 0 && links[ahead]! < 0) --ahead;
  const [left, right] = [links[ahead]!, links[behind]!];
  if (ahead === at && left >= 0) return left;
  const start = side === 'start';
  if (left < 0) {
    if (right < 1) return right;
    return start ? 0 : right - 1;
  }
  if (right < 0) {
    if (limit === undefined || left >= limit - 1) return left;
    return start ? left + 1 : limit - 1;
  }
  const gap = right > left + 1;
  if (start) return gap ? left + 1 : right;
  return gap ? right - 1 : left;
}

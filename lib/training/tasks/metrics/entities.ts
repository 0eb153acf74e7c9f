// Scores of named entities: precision, recall and F1 of whole entities, as seqeval counts them.

/** A run of tokens of one type, both ends included. */
export interface Entity {
  type: string;
  start: number;
  end: number;
}

/** How many entities were right, predicted, and there. */
export interface EntityCounts {
  right: number;
  predicted: number;
  gold: number;
}

/** Precision, recall and F1, 0 to 1; 0 where there is nothing to count. */
export interface EntityScores {
  precision: number;
  recall: number;
  f1: number;
}

/**
 * The entities of a tag sequence, as conlleval and seqeval (default mode) find them, for IOB1, IOB2
 * (BIO) and IOBES alike: an entity begins at B- and S-, at any tag of another type, and behind O,
 * E- and S-.
 *
 * @param tags one a token: O, or B-, I-, E- or S- and a type
 */
export function entitiesOf(tags: readonly string[]): Entity[] {
  const entities: Entity[] = [];
  let open: Entity | undefined;
  let before = 'O';
  tags.forEach((tag, at) => {
    const { mark, type } = partsOf(tag);
    const begins =
      mark !== 'O' &&
      (open === undefined || open.type !== type || 'BS'.includes(mark) || 'OES'.includes(before));
    if (open && (begins || mark === 'O')) open = undefined;
    if (begins) entities.push((open = { type, start: at, end: at }));
    else if (open) open.end = at;
    before = mark;
  });
  return entities;
}

function partsOf(tag: string): { mark: string; type: string } {
  const mark = tag[0] ?? 'O';
  const dash = tag.indexOf('-');
  return { mark, type: dash < 0 ? tag : tag.slice(dash + 1) };
}

/** Rewrites IOB1 as IOB2: each entity begins with B-. IOB2 stays as it is. */
export function toIob2(tags: readonly string[]): string[] {
  const rewritten = tags.map(() => 'O');
  for (const { type, start, end } of entitiesOf(tags)) {
    for (let at = start; at <= end; ++at) rewritten[at] = `${at === start ? 'B' : 'I'}-${type}`;
  }
  return rewritten;
}

/** Counts entities, by type and in all, over many sentences. */
export class EntityCounter {
  readonly #byType = new Map<string, EntityCounts>();

  /** Adds one sentence. */
  add(predicted: readonly string[], gold: readonly string[]): void {
    const key = ({ type, start, end }: Entity): string => `${start} ${end} ${type}`;
    const expected = entitiesOf(gold);
    const keys = new Set(expected.map(key));
    for (const { type } of expected) ++this.#of(type).gold;
    for (const entity of entitiesOf(predicted)) {
      const counts = this.#of(entity.type);
      ++counts.predicted;
      if (keys.has(key(entity))) ++counts.right;
    }
  }

  /** Of all entities together (micro average). */
  overall(): EntityScores {
    const sum = { right: 0, predicted: 0, gold: 0 };
    for (const { right, predicted, gold } of this.#byType.values()) {
      sum.right += right;
      sum.predicted += predicted;
      sum.gold += gold;
    }
    return scoresOf(sum);
  }

  /** Of each type, in alphabetical order. */
  byType(): Record<string, EntityScores> {
    const types = [...this.#byType].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(types.map(([type, counts]) => [type, scoresOf(counts)]));
  }

  #of(type: string): EntityCounts {
    const counts = this.#byType.get(type) ?? { right: 0, predicted: 0, gold: 0 };
    this.#byType.set(type, counts);
    return counts;
  }
}

function scoresOf({ right, predicted, gold }: EntityCounts): EntityScores {
  const precision = predicted === 0 ? 0 : right / predicted;
  const recall = gold === 0 ? 0 : right / gold;
  const sum = precision + recall;
  return { precision, recall, f1: sum === 0 ? 0 : (2 * precision * recall) / sum };
}

// Joins token lists to a model input: [CLS] text [SEP], or [CLS] text [SEP] pair [SEP].
import type { EncodeOptions, Encoding } from './engine.js';
import { planWindows, type Range, type Window } from './windows.js';

/** The tokens of one text. */
export interface TokenList {
  ids: number[];
  /** Where in the text each token came from, in UTF-16 units. */
  ranges: Range[];
}

/** One input, or several windows of one. */
export function applyTemplate(
  first: TokenList,
  second: TokenList | undefined,
  special: { cls: number; sep: number },
  options: EncodeOptions,
): Encoding[] {
  const added = options.add_special_tokens;
  const counts = {
    first: first.ids.length,
    second: second?.ids.length,
    special: added ? (second ? 3 : 2) : 0,
  };
  return planWindows(counts, options).map((window) =>
    fill(window, first, second, added ? special : undefined),
  );
}

function fill(
  window: Window,
  first: TokenList,
  second: TokenList | undefined,
  special: { cls: number; sep: number } | undefined,
): Encoding {
  const encoding = new EncodingBuilder();
  if (special) encoding.addSpecial(special.cls, 0);
  encoding.addTokens(first, window.first, 0);
  if (special) encoding.addSpecial(special.sep, 0);
  if (second) {
    encoding.addTokens(second, window.second, 1);
    if (special) encoding.addSpecial(special.sep, 1);
  }
  return encoding.build();
}

class EncodingBuilder {
  readonly #ids: number[] = [];
  readonly #types: number[] = [];
  readonly #offsets: number[] = [];
  readonly #sequences: number[] = [];

  addSpecial(id: number, type: number): void {
    this.#add(id, type, [0, 0], -1);
  }

  addTokens(list: TokenList, [begin, end]: Range, type: number): void {
    for (let i = begin; i < end; ++i) {
      this.#add(list.ids[i] ?? 0, type, list.ranges[i] ?? [0, 0], type);
    }
  }

  #add(id: number, type: number, range: Range, sequence: number): void {
    this.#ids.push(id);
    this.#types.push(type);
    this.#offsets.push(...range);
    this.#sequences.push(sequence);
  }

  build(): Encoding {
    return {
      input_ids: Int32Array.from(this.#ids),
      token_type_ids: Int32Array.from(this.#types),
      offsets: Int32Array.from(this.#offsets),
      sequence_ids: Int8Array.from(this.#sequences),
    };
  }
}

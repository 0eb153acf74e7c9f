// Token classification (named entities): a label for each token, or for each run of equal ones.
import { labelName } from '../config.js';
import type { AlbertForTokenClassification } from '../models/index.js';
import { abortSignal, checkOptions, oneOf, strings } from '../options.js';
import { type CallOptions, type Parts, type Pipeline, type Sequence, encodeTexts } from './base.js';
import { makePipeline, oneOrMany, row, toInputs } from './base.js';
import { mapBatches, mapSlices } from '../batching.js';
import {
  type AggregationStrategy,
  type ScoredToken,
  groupEntities,
  labelWords,
} from './entities.js';
import { argmax, softmax } from '../math.js';
import { checkStrings } from './texts.js';

/** A labelled token (`aggregation_strategy: 'none'`). */
export interface TokenEntity {
  entity: string;
  /** The probability of the label. */
  score: number;
  /** The token's index in the tokenized text; [CLS] is 0. */
  index: number;
  /** The token's text. */
  word: string;
  /** Where it is in the text, in UTF-16 units: `text.slice(start, end)`. */
  start: number;
  end: number;
}

/** A labelled run of tokens (all other strategies). */
export interface EntityGroup {
  /** The label without its B- or I-. */
  entity_group: string;
  /** The mean of the scores in the run. */
  score: number;
  word: string;
  /** Where it is in the text, in UTF-16 units: `text.slice(start, end)`. */
  start: number;
  end: number;
}

/** How tokens are labelled, and joined to entities. */
export interface TokenClassificationOptions extends CallOptions {
  /**
   * 'none' (default): every token. 'simple': runs of tokens with one label. 'first', 'average' and
   * 'max' first give all tokens of a word (as white space separates them) one label: the first
   * token's, the one with the best mean score, or the most certain token's.
   */
  aggregation_strategy?: AggregationStrategy | undefined;
  /** Labels that are left out. Default ['O']. */
  ignore_labels?: string[] | undefined;
}

/** The entities of one text. */
export type TokenClassificationResult = (TokenEntity | EntityGroup)[];

/**
 * Labels the tokens of texts. Long texts are cut to the model's positions.
 *
 * @throws TypeError and RangeError for wrong arguments, AbortError, AlbertError `ERR_DISPOSED`
 *
 * @example
 * const ner = await pipeline('token-classification', './albert-ner');
 * await ner('Sarah lives in London', { aggregation_strategy: 'simple' });
 * // [ { entity_group: 'PER', score: 0.99…, word: 'sarah', start: 0, end: 5 }, … ]
 */
export interface TokenClassificationPipeline extends Pipeline<AlbertForTokenClassification> {
  (
    text: string,
    options?: TokenClassificationOptions & { aggregation_strategy?: 'none' },
  ): Promise<TokenEntity[]>;
  (
    text: string,
    options: TokenClassificationOptions & {
      aggregation_strategy: Exclude<AggregationStrategy, 'none'>;
    },
  ): Promise<EntityGroup[]>;
  (text: string, options?: TokenClassificationOptions): Promise<TokenClassificationResult>;
  (
    texts: readonly string[],
    options?: TokenClassificationOptions,
  ): Promise<TokenClassificationResult[]>;
}

const schema = {
  aggregation_strategy: oneOf('none', 'simple', 'first', 'average', 'max'),
  ignore_labels: strings,
  signal: abortSignal,
};

/** Makes the pipeline of loaded parts. */
export function tokenClassification(
  parts: Parts<AlbertForTokenClassification>,
): TokenClassificationPipeline {
  const task = 'token-classification';
  return makePipeline(
    task,
    parts,
    async (input: unknown, options: TokenClassificationOptions = {}) => {
      checkOptions(task, options, schema);
      const { texts, single } = checkStrings(task, input);
      const results = await mapSlices(texts, options.signal, async (slice) => {
        const sequences = await encodeTexts(
          parts,
          slice.map((text) => ({ text })),
          true,
        );
        const withTexts = sequences.map((sequence, i) => ({ ...sequence, text: slice[i]! }));
        return mapBatches(withTexts, async (batch) => {
          const { logits } = await parts.model.forward(toInputs(batch), { signal: options.signal });
          return batch.map((sequence, i) => {
            const tokens = scoreTokens(parts, sequence, (column) =>
              softmax(row(logits, i, column)),
            );
            return entitiesOf(parts, tokens, sequence.text, options);
          });
        });
      });
      return oneOrMany(results, single);
    },
  ) as TokenClassificationPipeline;
}

/** The tokens that stand for text: not [CLS] and [SEP], and none that is only white space. */
function scoreTokens(
  { tokenizer }: Parts,
  { input_ids, offsets, text }: Sequence & { text: string },
  scoresAt: (column: number) => Float64Array,
): ScoredToken[] {
  const columns = [...input_ids.keys()].slice(1, -1);
  const filled = columns.filter((index) => text.slice(...offsets[index]!).trim() !== '');
  return filled.map((index) => {
    const id = input_ids[index]!;
    const [begin, end] = offsets[index]!;
    const start = begin + text.slice(begin, end).search(/\S/);
    const unknown = id === tokenizer.unk_token_id;
    return {
      id,
      index,
      start,
      end,
      scores: scoresAt(index),
      word: unknown ? text.slice(start, end) : tokenizer.decode([id]),
      startsWord: unknown || start === 0 || /\s/.test(text[start - 1]!),
    };
  });
}

function entitiesOf(
  { model, tokenizer }: Parts<AlbertForTokenClassification>,
  tokens: ScoredToken[],
  text: string,
  { aggregation_strategy = 'none', ignore_labels = ['O'] }: TokenClassificationOptions,
): TokenClassificationResult {
  const name = (label: number) => labelName(model.config, label);
  if (aggregation_strategy === 'none') {
    const entities = tokens.map(({ scores, index, word, start, end }) => {
      const label = argmax(scores);
      return { entity: name(label), score: scores[label]!, index, word, start, end };
    });
    return entities.filter(({ entity }) => !ignore_labels.includes(entity));
  }
  const words = labelWords(tokens, aggregation_strategy, name);
  // An unknown token decodes to nothing that was in the text.
  const groups = groupEntities(words, ({ ids, start, end }) =>
    ids.includes(tokenizer.unk_token_id) ? text.slice(start, end) : tokenizer.decode(ids),
  );
  return groups.filter(({ entity_group }) => !ignore_labels.includes(entity_group));
}

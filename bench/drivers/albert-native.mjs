// This engine as a contestant: rows go in as they are.
import { AlbertModel, AlbertTokenizer } from '../../dist/index.mjs';
import { serve } from './protocol.mjs';

let model;
let tokenizer;

await serve({
  /** `tokenizer`: prepared rows are then texts. */
  async load({ directory, threads, dtype, device = 'cpu', tokenizer: source }) {
    const options = { threads, dtype, device };
    [model, tokenizer] = await Promise.all([
      AlbertModel.from_pretrained(directory, options),
      source && AlbertTokenizer.from_pretrained(source),
    ]);
  },

  prepare(rows) {
    if (tokenizer === undefined) return { input_ids: rows };
    return tokenizer(rows, { truncation: true, max_length: 128 });
  },

  async run(inputs) {
    const { last_hidden_state, pooler_output } = await model(inputs);
    return { hidden: last_hidden_state.data, pooled: pooler_output.data };
  },
});

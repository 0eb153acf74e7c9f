// transformers.js as a contestant: its own model class over the same ONNX files.
import path from 'node:path';
import { AutoModel, Tensor, env } from '@huggingface/transformers';
import { padded, serve } from './protocol.mjs';

let model;

await serve({
  async load({ directory, threads, dtype, graph }) {
    env.allowRemoteModels = false;
    env.localModelPath = path.dirname(directory);
    model = await AutoModel.from_pretrained(path.basename(directory), {
      device: 'cpu',
      dtype: dtype === 'int8' ? 'q8' : dtype, // q8 adds "_quantized" to the name of the file
      model_file_name: graph,
      session_options: {
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
      },
    });
  },

  prepare(rows) {
    const { dims, ids, mask, segments } = padded(rows);
    return {
      input_ids: new Tensor('int64', ids, dims),
      attention_mask: new Tensor('int64', mask, dims),
      token_type_ids: new Tensor('int64', segments, dims),
    };
  },

  async run(inputs) {
    const { last_hidden_state, pooler_output } = await model(inputs);
    return { hidden: last_hidden_state.data, pooled: pooler_output.data };
  },
});

// ONNX Runtime for Node.js as a contestant: padded matrices, best graph optimisation.
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { padded, serve } from './protocol.mjs';

let session;

await serve({
  async load({ directory, threads, dtype, graph }) {
    const file = `${graph}${dtype === 'int8' ? '_quantized' : ''}.onnx`;
    session = await InferenceSession.create(path.join(directory, 'onnx', file), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
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
    const { last_hidden_state, pooler_output } = await session.run(inputs);
    return { hidden: last_hidden_state.data, pooled: pooler_output.data };
  },
});

// ALBERT_CPU_ISA chooses the kernels, and a set that this machine lacks is a clear error.
import path from 'node:path';
import t from 'tap';
import { info } from '../../dist/index.js';
import { runNode } from '../support/forward';

const root = path.join(__dirname, '../..');
const script = `
  const { info, AlbertModel } = require(${JSON.stringify(root)});
  const kernels = require(${JSON.stringify(path.join(root, 'dist/kernels.js'))});
  const failed = (error) => ({ code: error.code, message: error.message });
  const config = {
    vocab_size: 16, embedding_size: 8, hidden_size: 16, num_hidden_layers: 1,
    num_attention_heads: 2, intermediate_size: 32, max_position_embeddings: 8,
  };
  async function main() {
    const { cpu, backends } = info();
    const check = await kernels.checkCase(kernels.listCases()[0]).catch(failed);
    const model = await AlbertModel.from_config(config).then(() => ({ loaded: true }), failed);
    const oracle = await AlbertModel.from_config(config, { device: 'reference' });
    const { dims } = (await oracle({ input_ids: [[2, 3]] })).last_hidden_state;
    console.log(JSON.stringify({ cpu, backend: backends[0], check, model, dims }));
  }
  main();
`;

interface Failed {
  code?: string;
  message?: string;
}

interface Seen {
  cpu: { instruction_set: string; instruction_sets: string[] };
  backend: {
    available: boolean;
    reason: string;
    dtypes: string[];
    arithmetic: Record<string, string>;
  };
  check: Failed & { passed?: boolean };
  model: Failed & { loaded?: boolean };
  dims: number[];
}

async function runWith(ALBERT_CPU_ISA: string): Promise<Seen> {
  const { code, output, errors } = await runNode(['-e', script], { env: { ALBERT_CPU_ISA } });
  if (code !== 0) throw new Error(`the child process ended with ${code}: ${errors}`);
  return JSON.parse(output) as Seen;
}

for (const isa of info().cpu.instruction_sets) {
  t.test(`ALBERT_CPU_ISA=${isa}`, async (t) => {
    const seen = await runWith(isa);
    t.equal(seen.cpu.instruction_set, isa, 'info tells it');
    t.equal(seen.backend.available, true);
    t.same(seen.backend.dtypes, ['fp32', 'bf16', 'int8']);
    const { fp32 = '', bf16 = '', int8 = '' } = seen.backend.arithmetic;
    t.match(fp32, /float32/);
    t.match(bf16, /bfloat16/);
    t.match(int8, isa === 'avx2' ? /7\.5-bit.*nothing saturates/ : /bit operands/);
    t.equal(seen.check.passed, true);
    t.equal(seen.model.loaded, true);
  });
}

t.test('an empty ALBERT_CPU_ISA means the best', async (t) => {
  const { cpu } = await runWith('');
  t.equal(cpu.instruction_set, cpu.instruction_sets[0]);
});

for (const isa of ['bad', 'AVX2', 'neon,portable']) {
  t.test(`ALBERT_CPU_ISA=${isa} is refused`, async (t) => {
    const seen = await runWith(isa);
    const message = `ALBERT_CPU_ISA "${isa}" is not available here; this machine can run`;
    t.equal(seen.backend.available, false, 'info still answers');
    t.same(seen.backend.dtypes, []);
    t.ok(seen.backend.reason.includes(message), seen.backend.reason);
    t.match(seen.check, { code: 'ERR_BACKEND', message: /this machine can run .*portable/ });
    t.match(seen.model, { code: 'ERR_BACKEND', message: /this machine can run .*portable/ });
    t.same(seen.dims, [1, 2, 16], 'other backends work');
  });
}

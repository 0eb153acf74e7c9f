// Memory over thousands of updates: none is left behind, whatever the batches' sizes.
import path from 'node:path';
import t from 'tap';
import { runNode } from '../support/forward';
import { fixtures, goldenDirectory, readJson } from '../support/golden';

t.setTimeout(300_000);

const index = path.join(__dirname, '../../dist/index.js');
const updates = 5000;
/** What the C library's heap may move by, in bytes: 1 KiB an update would be more. */
const allowed = 3 << 20;

interface Golden {
  model: string;
}

t.test(`memory is flat over ${updates} updates`, async (t) => {
  const { model } = readJson<Golden>(fixtures, 'golden/tiny_training.json');
  // Batches of 1 to 4 sequences of 3 to 16 tokens; one trainer keeps activations, one computes
  // them again; a forward pass now and then, as evaluations do.
  const script = `
    const { AlbertForPreTraining, Trainer } = require(${JSON.stringify(index)});
    const ids = (n, seed) => Array.from({ length: n }, (_, i) => 5 + ((i * 7 + seed) % 35));
    const batchOf = (step) => {
      const input_ids = Array.from({ length: 1 + (step % 4) }, (_, b) =>
        ids(3 + ((step * 5 + b * 11) % 14), step + b));
      return {
        input_ids,
        labels: input_ids.map((row) => row.map((id, i) => (i % 3 ? -100 : id))),
        sentence_order_label: input_ids.map((_, b) => b % 2),
      };
    };
    // Without V8's heap, which grows and shrinks as it likes.
    const measure = () => {
      global.gc();
      const { rss, heapTotal } = process.memoryUsage();
      return rss - heapTotal;
    };
    (async () => {
      const model = await AlbertForPreTraining.from_pretrained(
        ${JSON.stringify(goldenDirectory(model))}, { device: 'cpu' });
      const options = { learning_rate: 1e-4, max_steps: ${updates}, max_grad_norm: 1 };
      const trainers = [new Trainer(model, options),
        new Trainer(model, { ...options, bf16: true, recompute: true })];
      let before = 0;
      for (let step = 1; step <= ${updates}; ++step) {
        const batch = batchOf(step);
        for (const trainer of trainers) await trainer.step(batch);
        if (step % 50 === 0) await trainers[0].evaluate([batch]);
        if (step === ${updates / 5}) before = measure();
      }
      console.log(JSON.stringify([before, measure()]));
    })();`;
  const { output, errors, code } = await runNode(['--expose-gc', '-e', script]);
  t.equal(code, 0, errors);
  const [before = 0, after = 0] = JSON.parse(output) as number[];
  t.ok(before > 0 && after - before <= allowed, `${before} bytes, ${after} at the end`);
});

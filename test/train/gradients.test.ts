// Losses and gradients of the golden models, against Hugging Face's in float64.
import t from 'tap';
import { goldenConfig, goldenDirectory, goldenNames, readGolden } from '../support/golden';
import {
  gradientError,
  gradientsOf,
  onEachInstructionSet,
  packPretraining,
  valuesOf,
} from '../support/gradients';

const google = { dialect: 'google' } as const;

for (const name of goldenNames) {
  const golden = readGolden(name);
  const { mlm_labels, sentence_order_label } = golden;
  const { request, select, labels } = packPretraining(golden, mlm_labels, sentence_order_label);
  const model = { directory: goldenDirectory(name), kind: 'pretraining' } as const;

  t.test(`${name}: loss and every gradient`, async (t) => {
    const actual = await gradientsOf(model, request, labels);
    for (const part of ['loss', 'mlm_loss', 'sop_loss'] as const) {
      const error = Math.abs(actual[part] / golden.f64[part] - 1);
      t.ok(error <= 1e-12, `${part}: relative error ${error}`);
    }
    t.same(Object.keys(actual.gradients).sort(), Object.keys(golden.f64.grads).sort());
    const { parameters, worst, where } = gradientError(actual, golden.f64.grads);
    t.ok(parameters > 30 && worst <= 1e-8, `${parameters} parameters, ${worst} (${where})`);
  });
  t.test(`${name}: on every instruction set`, async (t) => {
    await onEachInstructionSet(async (isa) => {
      const wide = await gradientsOf({ ...model, device: 'cpu' }, request, labels);
      const { parameters, worst, where } = gradientError(wide, golden.f64.grads);
      t.ok(parameters > 30 && worst <= 2e-4, `fp32, ${isa}: ${worst} (${where})`);
      const loss = Math.abs(wide.loss / golden.f64.loss - 1);
      t.ok(loss <= 1e-6, `fp32, ${isa}: loss ${loss}`);
    });
  });

  t.test(`${name}: in bfloat16 on every instruction set`, async (t) => {
    // Rounding may put what is near a kink of ReLU on its other side: a smooth function instead.
    const smooth = { ...model, config: { ...goldenConfig(name), hidden_act: 'gelu' } };
    const exact = await gradientsOf(smooth, request, labels);
    await onEachInstructionSet(async (isa) => {
      const bf16 = { ...smooth, device: 'cpu', dtype: 'bf16' };
      const narrow = await gradientsOf(bf16, request, labels);
      // A bfloat16 is off by 2^-9 of itself: gradients much smaller than the others drown in it.
      const { parameters, worst, where } = gradientError(narrow, valuesOf(exact), 0.1);
      t.ok(parameters > 30 && worst <= 4e-2, `${isa}: ${worst} (${where})`);
      t.ok(Math.abs(narrow.loss / exact.loss - 1) <= 3e-3, `${isa}: loss ${narrow.loss}`);
    });
  });

  t.test(`${name}: int8 has no gradient`, async (t) => {
    const int8 = { ...model, device: 'cpu', dtype: 'int8' };
    await t.rejects(gradientsOf(int8, request, labels), {
      code: 'ERR_BACKEND',
      message: /int8.*fp32.*bf16/,
    });
  });

  t.test(`${name}: the original's masked-LM loss`, async (t) => {
    const { positions, ids, weights, loss } = golden.f64.google_masked_lm;
    const chosen = golden.input_ids.map((row) => row.map(() => -100));
    positions.forEach((row, b) =>
      row.forEach((position, i) => {
        if (weights[b]?.[i]) chosen[b]![position] = Number(ids[b]?.[i]);
      }),
    );
    const masked = { directory: goldenDirectory(name), kind: 'masked_lm' } as const;
    const actual = await gradientsOf(masked, request, { labels: select(chosen) }, google);
    t.ok(Math.abs(actual.loss / loss - 1) <= 1e-12, `${actual.loss}, expected ${loss}`);
  });

  t.test(`${name}: the padding token learns nothing from lookups`, async (t) => {
    const padded = { ...request, tokens: request.tokens.map((token) => (token === 7 ? 0 : token)) };
    const rule = await gradientsOf(model, padded, labels);
    const original = await gradientsOf(model, padded, labels, google);
    const word = 'albert.embeddings.word_embeddings.weight';
    const columns = Number(rule.gradients[word]?.dims[1]);
    const row = ({ gradients }: typeof rule, token: number) =>
      [...gradients[word]!.data].slice(token * columns, (token + 1) * columns);
    t.notSame(row(rule, 0), row(original, 0), 'in the original it does');
    const decoded = row(rule, 0).reduce((sum, x) => sum + Math.abs(x), 0);
    t.ok(decoded > 0, 'the decoder teaches it');
  });
}

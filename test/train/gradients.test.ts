// Losses and gradients of the golden models, against Hugging Face's in float64.
import t from 'tap';
import { goldenDirectory, goldenNames, readGolden } from '../support/golden';
import { gradientError, gradientsOf, packRows } from '../support/gradients';

const google = { dialect: 'google' } as const;

for (const name of goldenNames) {
  const golden = readGolden(name);
  const { request, select } = packRows(golden);
  const labels = {
    labels: select(golden.mlm_labels),
    sentence_order: Int32Array.from(golden.sentence_order_label),
  };
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

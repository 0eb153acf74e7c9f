// Labels: packed to the tokens that count, and read by Hugging Face's rules.
import t from 'tap';
import { labelName, numLabels } from '../../dist/config.js';
import { packInputs } from '../../dist/inputs.js';
import {
  packSequenceLabels,
  packSpanPositions,
  packTokenLabels,
  problemType,
  readRowLabels,
} from '../../dist/labels.js';
import { candidateTokens } from '../../dist/models/answer-candidates.js';

const packed = packInputs({
  input_ids: [[2, 7, 8, 3], [2, 3]],
  attention_mask: [[1, 0, 1, 1], [1, 1]],
});

t.test('drops the labels of masked positions', async (t) => {
  const labels = packTokenLabels([[1, 9, -100, 0], [2, -100]], packed, 3);
  t.same(labels, Int32Array.of(1, -100, 0, 2, -100));
  t.throws(() => packTokenLabels([[1, 0, 3, 0], [0, 0]], packed, 3), /row 0, column 2.*0 to 2/);
  t.throws(() => packTokenLabels([[1], [0, 0]], packed, 3), /labels row 0: expected 4/);
});

t.test('decides the problem type', async (t) => {
  t.equal(problemType({ num_labels: 1 }, [1]), 'regression');
  t.equal(problemType({ num_labels: 3 }, [1, 2]), 'single_label_classification');
  t.equal(problemType({ num_labels: 3 }, [[1, 0, 1]]), 'multi_label_classification');
  t.equal(problemType({ problem_type: 'regression' }, [1]), 'regression');
  t.equal(problemType({ id2label: { 0: 'a' } }, [1]), 'regression');
  const data = Float32Array.of(1, 0);
  t.equal(problemType({}, { data, dims: [1, 2] }), 'multi_label_classification');
});

t.test('reads labels of sequences', async (t) => {
  const regression = packSequenceLabels([0.5, -1], { num_labels: 1 }, 2);
  t.same(regression, { labels: Float32Array.of(0.5, -1), problem_type: 'regression' });
  const several = packSequenceLabels([[1, 0], [0, 1]], {}, 2);
  t.same(several.labels, Float32Array.of(1, 0, 0, 1));
  t.throws(() => packSequenceLabels([[1], [0, 1]], {}, 2), /row 0: expected 2 numbers, got 1/);
  t.throws(() => packSequenceLabels([NaN, 1], { num_labels: 1 }, 2), RangeError);
  t.throws(() => readRowLabels('labels', [0], 2, 2), /2 labels, one a row, got 1/);
  t.throws(() => readRowLabels('labels', [0, 2], 2, 2), /labels row 1/);
});

t.test('leads answer positions to tokens, ignoring those outside', async (t) => {
  t.same(packSpanPositions('start_positions', [2, -5], packed), Int32Array.of(1, 0));
  t.same(packSpanPositions('start_positions', [1, 2], packed), Int32Array.of(-100, -100));
});

t.test('chooses answer candidates', async (t) => {
  const pair = packInputs({
    input_ids: [[2, 9, 3, 7, 8, 3], [2, 5]],
    token_type_ids: [[0, 0, 0, 1, 1, 1], [0, 0]],
  });
  t.same(candidateTokens(undefined, pair, {}), [[0, 3, 4], [0, 1]]);
  const mask = [[0, 1, 1, 1, 0, 1], [0, 1]];
  t.same(candidateTokens(mask, pair, {}), [[0, 4], [0]]);
  t.throws(() => candidateTokens([[1, 1, 1, 1, 1, 1], [0, 0]], pair, {}), /p_mask row 0/);
});

t.test('the helpers for labels check what they are given', async (t) => {
  t.equal(numLabels({ id2label: { 0: 'no', 1: 'yes', 2: 'both' } }), 3);
  t.equal(labelName({ id2label: { 1: 'yes' } }, 1), 'yes');
  t.equal(labelName({}, 3), 'LABEL_3');
  for (const wrong of [undefined, null, 5, 'x', []]) {
    t.throws(() => numLabels(wrong as never), { name: 'TypeError', message: /^numLabels/ });
    t.throws(() => labelName(wrong as never, 0), { name: 'TypeError', message: /^labelName/ });
  }
  t.throws(() => numLabels({ num_labels: 1.5 }), RangeError);
  t.throws(() => labelName({}, '1' as never), { name: 'TypeError', message: /id/ });
  t.throws(() => labelName({}, -1), { name: 'RangeError', message: /id/ });
});

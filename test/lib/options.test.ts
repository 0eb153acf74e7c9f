// Option objects: suggestions for unknown names, TypeError for types, RangeError for values.
import t from 'tap';
import { boolean, checkOptions, integer, nearest, number, oneOf } from '../../dist/options.js';

const schema = {
  top_k: integer(1, 10),
  padding: oneOf(true, false, 'longest'),
  rate: number(0, 1),
  verbose: boolean,
};

t.test('accepts known options, undefined, and none at all', async () => {
  checkOptions('here', undefined, schema);
  checkOptions('here', {}, schema);
  checkOptions('here', { top_k: 10, padding: 'longest', rate: 0.5, verbose: undefined }, schema);
});

t.test('suggests the option that was meant', async (t) => {
  t.throws(() => checkOptions('here', { topK: 1 }, schema), {
    name: 'TypeError',
    message: "here: unknown option 'topK', did you mean 'top_k'?",
  });
  t.throws(() => checkOptions('here', { zzzzzz: 1 }, schema), /known: top_k, padding/);
  t.throws(() => checkOptions('here', { constructor: 1 }, schema), /unknown option/);
  t.equal(nearest('fil-mask', ['fill-mask', 'embed']), 'fill-mask');
  t.equal(nearest('xyz', ['fill-mask', 'embed']), undefined);
});

t.test('tells wrong types from wrong values', async (t) => {
  const refused = (options: unknown): unknown => {
    try {
      checkOptions('here', options, schema);
    } catch (error) {
      return (error as Error).name;
    }
    return undefined;
  };
  for (const wrong of [null, 1, 'x', [], { top_k: '1' }, { verbose: 1 }, { padding: 7 }]) {
    t.equal(refused(wrong), 'TypeError', JSON.stringify(wrong));
  }
  for (const wrong of [{ top_k: 0 }, { top_k: 1.5 }, { rate: NaN }, { padding: 'short' }]) {
    t.equal(refused(wrong), 'RangeError', JSON.stringify(wrong));
  }
});

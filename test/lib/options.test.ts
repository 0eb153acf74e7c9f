// Option objects: suggestions for unknown names, TypeError for types, RangeError for values.
import t from 'tap';
import { boolean, checkOptions, integer, nearest, number, oneOf } from '../../dist/options.js';
import { line, show, strings } from '../../dist/options.js';

const schema = {
  top_k: integer(1, 10),
  padding: oneOf(true, false, 'longest'),
  rate: number(0, 1),
  verbose: boolean,
};

t.test('accepts known options, undefined, and none at all', async () => {
  checkOptions('here', undefined, schema);
  checkOptions('here', {}, schema);
  checkOptions('here', Object.assign(Object.create(null), { top_k: 1 }), schema);
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
  const noOptions = [null, 1, 'x', [], new Map(), new Date()];
  for (const wrong of [...noOptions, { top_k: '1' }, { verbose: 1 }, { padding: 7 }]) {
    t.equal(refused(wrong), 'TypeError', JSON.stringify(wrong));
  }
  for (const wrong of [{ top_k: 0 }, { top_k: 1.5 }, { rate: NaN }, { padding: 'short' }]) {
    t.equal(refused(wrong), 'RangeError', JSON.stringify(wrong));
  }
});

t.test('shows anything as one short line', async (t) => {
  t.equal(show({ constructor: { name: Symbol('x') } }), 'an object (no prototype)');
  const { proxy, revoke } = Proxy.revocable(() => undefined, {});
  revoke();
  t.equal(show(proxy), 'a function');
  const object = Proxy.revocable({}, {});
  object.revoke();
  t.equal(show(object.proxy), 'an object (unreadable)');
  const hostile = {
    get constructor(): never {
      throw new Error('on purpose');
    },
  };
  t.equal(show(hostile), 'an object (unreadable)');
  t.equal(show('a\0\nb'), "'a\\u0000\\u000ab'");
  t.equal(line('x'.repeat(1e5), 5), 'xxxxx…');
});

t.test('lists of strings have strings at every index', async (t) => {
  strings(['a', ''], 'here');
  t.throws(() => strings(['a', 5], 'here'), { name: 'TypeError', message: /here\[1\]/ });
  t.throws(() => strings(['a', , 'b'], 'here'), { name: 'TypeError', message: /here\[1\]/ });
});

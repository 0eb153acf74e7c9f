// Tensor: shapes, element types, and what it refuses.
import t from 'tap';
import { Tensor } from '../../dist/tensor.js';

t.test('keeps typed data and nests it by dims', async (t) => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const tensor = new Tensor('float32', data, [1, 2, 3]);
  t.equal(tensor.data, data);
  t.equal(tensor.size, 6);
  t.same(tensor.tolist(), [[[1, 2, 3], [4, 5, 6]]]);
});

t.test('converts plain arrays', async (t) => {
  t.same(new Tensor('int64', [1n, -1n], [2]).data, BigInt64Array.of(1n, -1n));
  t.same(new Tensor('int32', [7], []).tolist(), 7);
  t.same(new Tensor('float64', [], [2, 0]).tolist(), [[], []]);
});

t.test('does not share dims with the caller', async (t) => {
  const dims = [2];
  const tensor = new Tensor('int32', [1, 2], dims);
  dims[0] = 99;
  t.same(tensor.dims, [2]);
});

t.test('refuses what is no tensor', async (t) => {
  t.throws(() => new Tensor('float16' as 'float32', [1], [1]), TypeError);
  t.throws(() => new Tensor('int32', [1.5], [1]), /element 0 is no int32/);
  t.throws(() => new Tensor('float32', Int32Array.of(1) as never, [1]), TypeError);
  t.throws(() => new Tensor('float32', [1, 2], [3]), /expected 3 elements/);
  t.throws(() => new Tensor('float32', [1], [-1]), RangeError);
  const empty = new Tensor('float32', [], [2e9, 0]);
  t.throws(() => empty.tolist(), { name: 'RangeError', message: /\[2000000000, 0\]/ });
  t.same(new Tensor('float32', [], [0, 2e9]).tolist(), []);
});

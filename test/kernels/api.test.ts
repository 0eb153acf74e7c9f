// albert-native/kernels: the list of cases, their checks and timings, and wrong calls.
import t from 'tap';
import { info } from '../../dist/index.js';
import {
  checkCase,
  type KernelOptions,
  listCases,
  measureBandwidth,
  measurePeak,
  timeCase,
} from '../../dist/kernels.js';
import { expectError } from '../support/errors';

const small = 'embedding/tokens=3,columns=3,vocabulary=11';

t.test('listCases names every op', async (t) => {
  const names = listCases();
  t.ok(names.length > 100, `${names.length} cases`);
  t.equal(new Set(names).size, names.length, 'each once');
  t.ok(names.includes(small));
  for (const op of ['linear', 'layer_norm', 'attention', 'softmax', 'gather_rows']) {
    t.ok(names.some((name) => name.startsWith(`${op}/`)), op);
  }
});

t.test('checkCase compares with the reference', async (t) => {
  for (const isa of info().cpu.instruction_sets as KernelOptions['isa'][]) {
    for (const op of ['linear', 'layer_norm', 'attention']) {
      const name = listCases().find((name) => name.startsWith(`${op}/`))!;
      const { passed, outputs, message } = await checkCase(name, { isa });
      t.ok(passed, `${name}, ${isa} ${message}`);
      t.ok(outputs.length > 0, 'it compared something');
      t.ok(outputs.every((output) => output.relative_error <= output.tolerance));
      t.ok(outputs.every((output) => output.name && output.max_absolute_error >= 0));
    }
  }
});

t.test('every dtype of the layers', async (t) => {
  for (const dtype of ['fp32', 'bf16', 'int8'] as const) {
    for (const op of ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert']) {
      const name = listCases().find((name) => name.startsWith(`${op}/`))!;
      const { passed, outputs, message } = await checkCase(name, { dtype });
      t.ok(passed && outputs.length > 0, `${name}, ${dtype} ${message}`);
    }
    const peak = await measurePeak({ dtype });
    t.ok(peak.gflops > 0.1 && peak.gflops < 1e6, `${dtype}: ${peak.gflops} billion a second`);
  }
});

t.test('exponential, tanh and GELUs over their whole range, number by number', async (t) => {
  const sweeps = listCases().filter((name) => name.endsWith(',sweep'));
  t.equal(sweeps.length, 8, sweeps.join(' '));
  for (const isa of info().cpu.instruction_sets as KernelOptions['isa'][]) {
    for (const name of sweeps) {
      // What a product ends with has a shorter form in these.
      const dtypes = name.startsWith('linear/') ? (['bf16', 'int8'] as const) : (['fp32'] as const);
      for (const dtype of dtypes) {
        const { passed, outputs, message } = await checkCase(name, { isa, dtype });
        t.ok(passed && outputs.length === 1, `${name}, ${isa} ${dtype} ${message}`);
      }
    }
  }
});

t.test('timeCase measures what it checked', async (t) => {
  const time = await timeCase(small, { backend: 'cpu', dtype: 'fp32' });
  t.ok(time.runs >= 1);
  t.ok(time.best_us > 0 && time.best_us <= time.median_us, `${time.best_us}, ${time.median_us}`);
  t.ok(time.bytes > 0 && time.flops >= 0);
  t.ok(Math.abs((time.gbytes * time.median_us * 1e3) / time.bytes - 1) < 1e-9, 'gbytes');
  t.equal(time.peak_share, 0, 'too little to be held against the peak');
  const product = await timeCase('linear/rows=128,inputs=768,outputs=768', { backend: 'cpu' });
  t.ok(product.peak_share > 0 && product.peak_share < 1.5, `${product.peak_share} of the peak`);
  const calm = product.calm_peak_share;
  t.ok(calm >= 0 && calm < 1.5, `${calm} of the peak without neighbours`);
});

t.test('peak and bandwidth of the machine', async (t) => {
  const peak = await measurePeak();
  t.ok(peak.gflops > 0.1 && peak.gflops < 1e6, `${peak.gflops} GFLOP/s`);
  t.equal(peak.threads, info().threads.count);
  const bandwidth = await measureBandwidth(2 ** 20);
  t.ok(bandwidth.gbytes > 0.1 && bandwidth.gbytes < 1e5, `${bandwidth.gbytes} GB/s`);
  await expectError(t, () => measureBandwidth(0), 'RangeError', /workingSet/);
  await expectError(t, () => measureBandwidth('1' as never), 'TypeError', /workingSet/);
});

t.test('many checks run at once', async (t) => {
  const results = await Promise.all(listCases().slice(0, 20).map((name) => checkCase(name)));
  t.ok(results.every(({ passed }) => passed));
});

t.test('wrong calls', async (t) => {
  const [isa, dtype] = ['sse2', 'fp16'] as never[];
  await expectError(t, () => checkCase('no case'), 'RangeError', /unknown case 'no case'/);
  await expectError(t, () => checkCase(`${small}1`), 'RangeError', /did you mean 'embedding/);
  await expectError(t, () => checkCase(7 as never), 'TypeError', /checkCase: name/);
  await expectError(t, () => checkCase(small, { isa }), 'RangeError', /isa/);
  await expectError(t, () => timeCase(small, { dtype }), 'RangeError', /dtype/);
  const narrow = () => timeCase(small, { dtype: 'int8' });
  await expectError(t, narrow, 'ERR_BACKEND', /embedding does not compute in int8/);
  await expectError(t, () => timeCase(small, { ias: 'avx2' } as never), 'TypeError', /isa/);
  const [missing] = (['avx2', 'avx512', 'neon'] as const).filter(
    (name) => !info().cpu.instruction_sets.includes(name),
  );
  const check = () => checkCase(small, { isa: missing });
  await expectError(t, check, 'ERR_BACKEND', /can run .*portable/);
});

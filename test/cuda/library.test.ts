// What device "cuda" says where driver, library or version is missing, and what "auto" does then.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { built, emulated, noEmulator } from '../support/cuda';
import { runNode, runProgram } from '../support/forward';
import { goldenDirectory } from '../support/golden';

const index = path.join(__dirname, '../../dist/index.js');
const model = goldenDirectory('tiny_gelu_new_g1');

/** Loads a model in a process of its own; prints its error, or warnings but of unused tensors. */
async function load(device: string, env: Record<string, string>): Promise<string> {
  const script = `
    const albert = require(${JSON.stringify(index)});
    process.on('warning', ({ name, message }) => {
      const isOfTensorsAlone = /does not use: \\S+(, \\S+)*$/.test(message);
      if (!isOfTensorsAlone) console.log('warning', name, message);
    });
    const load = () => albert.AlbertModel.from_pretrained(${JSON.stringify(model)},
      { device: ${JSON.stringify(device)} });
    const cuda = () => albert.info().backends.find(({ name }) => name === 'cuda');
    load().then(load).then(
      () => console.log('loaded', cuda().reason),
      ({ code, message }) => console.log('error', code, message));`;
  const { output, code } = await runNode(['-e', script], { env });
  t.equal(code, 0);
  return output;
}

const driver = fs.existsSync('/proc/driver/nvidia') && 'this machine has a driver';

t.test('no driver', { skip: driver }, async (t) => {
  const env = { ALBERT_CUDA_LIBRARY: '' };
  t.match(await load('cuda', env), /^error ERR_BACKEND cuda: .*no NVIDIA driver.*device "cpu"/);
  const quiet = await load('auto', env);
  t.match(quiet, /^loaded cuda: this machine has no NVIDIA driver/, 'info explains');
  t.notMatch(quiet, /warning/, 'no warning where there is no GPU');
});

t.test('a library that is not there, or another one', async (t) => {
  const missing = { ALBERT_CUDA_LIBRARY: path.join(t.testdir({}), 'none.so') };
  t.match(await load('cuda', missing), /^error ERR_BACKEND cuda: .*cannot be opened: .*none\.so/);
  const other = { ALBERT_CUDA_LIBRARY: built('Release/albert_native.node') };
  t.match(await load('cuda', other), /^error ERR_BACKEND cuda: .*it is another library/);
  const warned = await load('auto', missing);
  const warnings = warned.match(/^warning AlbertWarning .*Device "auto" means the CPU: cuda: /gm);
  t.equal(warnings?.length, 1, 'one warning for two models');
  t.match(warned, /^loaded /m, 'and the CPU computes');
});

t.test('the emulated library', { skip: noEmulator }, async (t) => {
  t.match(await load('cuda', emulated()), /^loaded CUDA emulator/);
  t.match(await load('auto', emulated()), /^loaded CUDA emulator/);
  t.match(await load('cuda:1', emulated()), /^error ERR_BACKEND cuda: expected a device below 1/);
});

t.test('test:gpu and bench:gpu say that there is no GPU', { skip: driver }, async (t) => {
  const script = path.join(__dirname, '../../native/ops/cuda/run.mjs');
  for (const task of ['test', 'bench']) {
    const { errors, code } = await runNode([script, task], { env: { ALBERT_CUDA_LIBRARY: '' } });
    t.equal(code, 3);
    t.match(errors, /:gpu: no GPU to use here: cuda: this machine has no NVIDIA driver/);
  }
  const checked = await runProgram(built('albert_check'), ['--device', 'cuda'], {
    env: { ALBERT_CUDA_LIBRARY: '' },
  });
  t.equal(checked.code, 1);
  t.match(checked.errors, /^albert_check: cuda: this machine has no NVIDIA driver/);
});

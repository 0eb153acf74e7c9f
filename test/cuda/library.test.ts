// What device "cuda" says where driver, library or version is missing, and what "auto" does then.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { built, emulated, noEmulator } from '../support/cuda';
import { runNode, runProgram } from '../support/forward';
import { goldenDirectory } from '../support/golden';

t.setTimeout(300_000);
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

/** The targets of a build folder, a line each. */
function targetsOf(folder: string): string {
  const file = path.join(folder, 'CMakeFiles/TargetDirectories.txt');
  const directories = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return directories.replace(/^.*\/CMakeFiles\/(.*)\.dir$/gm, '$1');
}

const driver = fs.existsSync('/proc/driver/nvidia') && 'this machine has a driver';

t.test('no driver', { skip: driver }, async (t) => {
  const env = { ALBERT_CUDA_LIBRARY: '' };
  t.match(await load('cuda', env), /^error ERR_BACKEND cuda: .*no NVIDIA driver.*device "cpu"/);
  const quiet = await load('auto', env);
  t.match(quiet, /^loaded cuda: this machine has no NVIDIA driver/, 'info explains');
  t.notMatch(quiet, /warning/, 'no warning where there is no GPU');
});

t.test('a driver that is too old, or finds no GPU', { skip: noEmulator }, async (t) => {
  const loadWith = (driver: number): Promise<string> =>
    load('cuda', { ...emulated(), ALBERT_EMULATOR_DRIVER: String(driver) });
  const needed = 'and the library needs one for CUDA 13.0; install it, or use device "cpu"';
  const old = await loadWith(12080);
  t.equal(old.trim(), `error ERR_BACKEND cuda: the driver is for CUDA 12.8 ${needed}`);
  const none = await loadWith(0);
  t.equal(none.trim(), `error ERR_BACKEND cuda: this machine has no NVIDIA driver ${needed}`);
  t.match(await loadWith(-1), /^error ERR_BACKEND cuda: the driver finds no GPU .*nvidia-smi/);
  const before = { ...emulated(), ALBERT_EMULATOR_ARCHITECTURE: '75' };
  const reason = /cuda: the library has no code for CUDA emulator \(sm_75\): it needs .* 8\.0/;
  t.match(await load('cuda', before), reason);
  t.match(await load('auto', before), /^warning AlbertWarning .*sm_75/m, 'the CPU computes');
});

t.test('a library that is not there, or another one', async (t) => {
  const missing = { ALBERT_CUDA_LIBRARY: path.join(t.testdir({}), 'none.so') };
  t.match(await load('cuda', missing), /^error ERR_BACKEND cuda: .*cannot be opened: .*none\.so/);
  const other = { ALBERT_CUDA_LIBRARY: built('Release/albert_native.node') };
  t.match(await load('cuda', other), /^error ERR_BACKEND cuda: .*it is another library/);
  const older = { ALBERT_CUDA_LIBRARY: built('cuda/libcuda_other_version.so') };
  const version = /cuda: .* another version of albert-native; build it again with "npm run build/;
  const refused = await load('cuda', older);
  t.match(refused, /^error ERR_BACKEND /);
  t.match(refused, version);
  const fallen = await load('auto', older);
  t.match(fallen, /^loaded cuda: .*another version of albert-native/m, 'info explains');
  t.equal(fallen.match(/^warning AlbertWarning /gm)?.length, 1);
  t.match(fallen, version);
  const warned = await load('auto', missing);
  const warnings = warned.match(/^warning AlbertWarning .*Device "auto" means the CPU: cuda: /gm);
  t.equal(warnings?.length, 1, 'one warning for two models');
  t.match(warned, /^loaded /m, 'and the CPU computes');
});

t.test('fresh weights warn, too', async (t) => {
  const script = `
    const albert = require(${JSON.stringify(index)});
    process.on('warning', ({ message }) => console.log('warning', message));
    albert.AlbertModel.from_config({ num_hidden_layers: 1, hidden_size: 8, embedding_size: 4,
      num_attention_heads: 2, intermediate_size: 8, vocab_size: 20, max_position_embeddings: 8 });`;
  const env = { ALBERT_CUDA_LIBRARY: path.join(t.testdir({}), 'none.so') };
  const { output } = await runNode(['-e', script], { env });
  t.match(output, /^warning .*Device "auto" means the CPU: cuda: .*none\.so/);
});

t.test('ALBERT_CUDA=AUTO, ON and OFF choose what is built', async (t) => {
  const source = path.join(__dirname, '../..');
  const configure = async (...options: string[]) => {
    const folder = t.testdir({});
    const paths = ['-S', source, '-B', folder];
    const { output, errors, code } = await runProgram('cmake', [...paths, ...options]);
    return { text: output + errors, code, targets: targetsOf(folder) };
  };
  const off = await configure('-DALBERT_CUDA=OFF');
  t.equal(off.code, 0);
  t.notMatch(off.targets, /albert_cuda$/m, 'OFF: no library');
  const lacking = ['-DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON'];
  const auto = await configure(...lacking);
  t.equal(auto.code, 0);
  t.match(auto.text, /albert_cuda is not built: no nvcc of the CUDA toolkit/, 'AUTO says why');
  const on = await configure('-DALBERT_CUDA=ON', ...lacking);
  t.not(on.code, 0, 'ON: an error where it cannot be');
  t.match(on.text, /albert_cuda needs nvcc of the CUDA toolkit/);
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
  const { errors, code } = await runNode([script, 'bench', '--fast']);
  t.equal(code, 1);
  t.match(errors, /unknown option --fast; bench:gpu has --json --quick --allow_tf32/);
  const checked = await runProgram(built('albert_check'), ['--device', 'cuda'], {
    env: { ALBERT_CUDA_LIBRARY: '' },
  });
  t.equal(checked.code, 1);
  t.match(checked.errors, /^albert_check: cuda: this machine has no NVIDIA driver/);
});

t.test('bench:gpu on the emulator, quickly', async (t) => {
  const script = path.join(__dirname, '../../native/ops/cuda/run.mjs');
  const bench = await runNode([script, 'bench', '--quick', '--json'], { env: emulated() });
  t.equal(bench.code, 0, bench.errors);
  const { ops, models } = JSON.parse(bench.output) as Record<string, Record<string, unknown>[]>;
  t.ok(ops!.length > 0 && ops!.every(({ best_us }) => Number(best_us) > 0), 'ops');
  const works = new Set(models!.map(({ work, dtype, lengths }) => `${work} ${dtype} ${lengths}`));
  for (const dtype of ['fp32', 'bf16', 'fp16', 'int8']) {
    for (const lengths of ['fixed', 'mixed']) t.ok(works.has(`forward ${dtype} ${lengths}`));
  }
  t.ok(works.has('update fp32 mixed') && works.has('update bf16 mixed'), 'training');
  t.ok(models!.every(({ median_ms, tokens }) => Number(median_ms) > 0 && Number(tokens) > 0));
  const words = ['--device', 'cuda', '--mode', 'models', '--quick', '--dtype', 'bf16'];
  const table = await runProgram(built('albert_check'), words, { env: emulated() });
  t.equal(table.code, 0, table.errors);
  t.match(table.output, /^work +dtype batch x length lengths +tokens +best ms/);
  t.match(table.output, /^update +bf16 +2 x 16 +mixed/m);
});

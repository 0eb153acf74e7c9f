// albert pretrain as its users meet it: runs, stops, goes on, refuses what cannot be.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import t from 'tap';
import { AlbertForPreTraining, AlbertTokenizer } from '../../dist/index.js';
import { pretrainingSchema } from '../../dist/training/pretraining-options.js';
import { trainerSchema } from '../../dist/training/trainer-options.js';
import { runNode } from '../support/forward';
import { plainText } from '../support/pretraining';
import { spiece } from '../support/spiece';
import { writeFolder } from '../support/tasks';

t.setTimeout(240_000);

const main = path.join(__dirname, '../../dist/cli/main.js');
const albert = (...args: string[]) => runNode([main, ...args]);

const config = {
  vocab_size: 30000,
  embedding_size: 8,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  hidden_act: 'gelu_new',
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 64,
};

const folder = t.testdir();
writeFolder(folder, {
  'corpus/a.txt': plainText(12, 12),
  'corpus/b.txt': plainText(6, 20),
  'config.json': JSON.stringify(config),
});
const at = (name: string): string => path.join(folder, name);

const data = ['--corpus', at('corpus'), '--tokenizer', spiece, '--max_seq_length', '32'];
const run = ['--config', at('config.json'), '--max_steps', '6', '--train_batch_size', '4'];
const settings = [...data, ...run, '--seed', '3', '--warmup_steps', '2'];

interface LogEntry {
  type: string;
  step?: number;
  loss?: number;
  options?: Record<string, unknown>;
}

function logOf(name: string): LogEntry[] {
  const text = fs.readFileSync(path.join(at(name), 'log.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry);
}

/** What does not depend on the clock. */
const lossesOf = (name: string): unknown[] =>
  logOf(name)
    .filter(({ type }) => type === 'step')
    .map(({ step, loss }) => [step, loss]);

t.test('the help names every setting of dataset and trainer', async (t) => {
  const { code, output } = await albert('pretrain', '--help');
  t.equal(code, 0);
  for (const name of [...Object.keys(pretrainingSchema), ...Object.keys(trainerSchema)]) {
    // Those of the dataset's that the command says otherwise.
    if (name === 'held_out' || name === 'output_dir') continue;
    t.ok(output.includes(`--${name} `), name);
  }
  t.match(output, /Examples:\n {2}\$ albert pretrain/);
  t.match(output, /default: 0\.15/);
});

t.test('a run: the model, the log, the reports; then nothing is written over', async (t) => {
  const ended = await albert(
    'pretrain',
    ...settings,
    '--output',
    at('one'),
    '--report_to',
    'tensorboard',
  );
  t.equal(ended.code, 0, ended.errors);
  t.match(ended.errors, /memory:\n +[\d.]+ MiB/);
  t.match(ended.errors, /step 6\/6 {2}loss [\d.]+ \| mlm [\d.]+ \| sop [\d.]+ .* % of peak/);
  t.match(ended.errors, /6 updates in 0:00:\d\d\nthe model is in /);
  const [first, ...events] = logOf('one');
  t.match(first, { type: 'run', options: { max_steps: 6, learning_rate: 1e-3, seed: 3 } });
  t.equal(events.filter(({ type }) => type === 'step').length, 6);
  t.equal(fs.readdirSync(at('one/tensorboard')).length, 1);
  const model = await AlbertForPreTraining.from_pretrained(at('one'));
  const tokenizer = await AlbertTokenizer.from_pretrained(at('one'));
  const { prediction_logits } = await model(tokenizer('a river'));
  t.equal(prediction_logits.dims[2], 30000);
  const again = await albert('pretrain', ...settings, '--output', at('one'));
  t.equal(again.code, 2);
  t.match(again.errors, /^albert: --output .* holds another run \(.*\): .*--resume.*\n$/);
});

t.test('a run in two parts is the same run, to the bit', async (t) => {
  const part = await albert('pretrain', ...settings, '--output', at('two'), '--stop_after', '4');
  t.equal(part.code, 0, part.errors);
  t.match(part.errors, /go on with: albert pretrain --resume --output/);
  t.notOk(fs.existsSync(at('two/model.safetensors')), 'there is no model yet');
  const rest = await albert('pretrain', '--resume', '--output', at('two'));
  t.equal(rest.code, 0, rest.errors);
  t.same(lossesOf('two'), lossesOf('one'));
  const [a, b] = ['one', 'two'].map((name) => fs.readFileSync(at(`${name}/model.safetensors`)));
  t.ok(a!.equals(b!), 'the same bytes');
});

t.test('a run is taken up with the same data and settings only', async (t) => {
  const copy = at('three');
  fs.mkdirSync(at('other'));
  fs.copyFileSync(at('corpus/a.txt'), at('other/a.txt'));
  const begun = ['--corpus', at('other'), ...settings.slice(2)];
  await albert('pretrain', ...begun, '--output', copy, '--stop_after', '2');
  const resume = (...more: string[]) => albert('pretrain', '--resume', '--output', copy, ...more);
  fs.appendFileSync(at('other/a.txt'), '\nMore text.\n');
  const changed = await resume();
  t.equal(changed.code, 1);
  t.match(changed.errors, /cannot go on: .*file 1 of 1 .*a\.txt.* bytes, now it has/);
  fs.copyFileSync(at('corpus/a.txt'), at('other/a.txt'));
  const rate = await resume('--learning_rate', '0.5');
  t.match(rate.errors, /cannot go on: .*learning_rate was 0\.001, now it is 0\.5/);
  const mask = await resume('--masked_lm_prob', '0.2');
  t.match(mask.errors, /cannot go on: .*masked_lm_prob was 0\.15, now it is 0\.2/);
  writeFolder(folder, { 'deeper.json': JSON.stringify({ ...config, num_hidden_layers: 3 }) });
  const deeper = await resume('--config', at('deeper.json'));
  t.match(deeper.errors, /num_hidden_layers was 2, now it is 3/);
  for (const { errors } of [changed, rate, mask, deeper])
    t.equal(errors.trimEnd().split('\n').length, 1);
  t.equal((await resume('--save_steps', '100')).code, 0, 'what changes no update may change');
  const wrong = await albert('finetune', '--resume', '--output', copy);
  t.match([wrong.code, wrong.errors], [2, /is one of albert pretrain: resume it by that/]);
});

t.test('SIGTERM saves and ends; the run goes on', async (t) => {
  const more = ['--max_steps', '100000', '--output', at('stopped')];
  const child = spawn(process.execPath, [main, 'pretrain', ...settings, ...more]);
  let errors = '';
  let told = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    // Twice, as programs do that signal a process and its group; later it would end at once.
    if (!told && errors.includes('step 1/')) told = child.kill('SIGTERM') && child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.equal(code, 143);
  t.match(errors, /stopping: a checkpoint is saved[^]*go on with: albert pretrain --resume/);
  const saved = fs.readdirSync(at('stopped')).filter((name) => name.startsWith('checkpoint-'));
  t.equal(saved.length, 1);
  const next = Number(saved[0]!.slice('checkpoint-'.length)) + 1;
  const on = await albert(
    'pretrain',
    '--resume',
    '--output',
    at('stopped'),
    '--stop_after',
    `${next}`,
  );
  t.equal(on.code, 0, on.errors);
  t.equal(logOf('stopped').filter(({ step }) => step === next).length > 0, true);
});

t.test('--dry_run tells the plan and leaves nothing behind', async (t) => {
  const { code, output } = await albert(
    'pretrain',
    ...settings,
    '--output',
    at('dry'),
    '--dry_run',
  );
  t.equal(code, 0);
  t.match(output, /corpus: 2 files; the first example has \d+ tokens, \d+ to guess/);
  t.match(output, /training: \{.*"max_steps":6/);
  t.match(output, /memory at the start:\n +[\d.]+ MiB/);
  t.notOk(fs.existsSync(at('dry')));
});

t.test('what cannot be trained on is refused with one line', async (t) => {
  writeFolder(folder, {
    'empty/x.txt': '',
    'short/x.txt': 'A word.\n',
    'binary/x.txt': 'text\0\x01\x02\n'.repeat(100),
    'small.json': JSON.stringify({ ...config, vocab_size: 100 }),
    'bad.json': '{',
  });
  const corpus = (name: string): string[] => ['--corpus', at(name), ...settings.slice(2)];
  const cases: [args: string[], code: number, message: RegExp][] = [
    [corpus('empty'), 1, /no text|empty|holds no/],
    [corpus('short'), 1, /expected at least 29 tokens \(one example/],
    [corpus('binary'), 1, /NUL|no text|binary/],
    [corpus('nowhere'), 2, /--corpus .*nowhere: there is no such file/],
    [[...settings, '--masked_lm_prob', '0'], 2, /above 0 and below 1/],
    [[...settings, '--masked_lm_prob', '1'], 2, /above 0 and below 1/],
    [[...settings, '--max_predictions_per_seq', '0'], 1, /max_predictions_per_seq/],
    [[...settings, '--max_seq_length', '128'], 2, /128 is more than the model has: .* \(64\)/],
    [
      [...settings, '--gradient_accumulation_steps', '9'],
      1,
      /at most train_batch_size \(4\), got 9/,
    ],
    [[...settings, '--config', at('small.json')], 1, /tokenizer has 30000 tokens, .* is 100/],
    [[...settings, '--config', at('bad.json')], 1, /bad\.json is no JSON/],
    [[...settings, '--config', 'giant'], 2, /expected a config\.json, a model's folder, or base/],
    [
      [...settings, '--tokenizer', at('config.json')],
      1,
      /tokenizer\.json is not one that can be read/,
    ],
    [[...settings, '--bf16', 'maybe'], 2, /Expected true or false/],
    [[...settings, '--optimizer', 'sgd'], 2, /Allowed choices are adamw, lamb/],
    [settings.slice(2), 2, /--corpus is missing/],
    [[...data, '--config', 'base'], 2, /--max_steps is missing/],
    [[...data, '--max_steps', '1'], 2, /pass --config .* or --model/],
    [['--resume'], 1, /--resume: there is no run in/],
  ];
  for (const [args, code, message] of cases) {
    const ended = await albert('pretrain', ...args, '--output', at('refused'));
    const name = args.slice(-2).join(' ');
    const own = ended.errors.split('\n').filter((line) => /^albert: (?!warning)/.test(line));
    t.match([ended.code, own.length], [code, 1], `${name}: ${ended.errors}`);
    t.match(own[0], message, name);
    t.notOk(fs.existsSync(at('refused')), `${name} leaves nothing behind`);
  }
});

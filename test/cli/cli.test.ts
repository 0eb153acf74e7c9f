// The albert command as its users meet it: output, exit codes, streams, signals, wrong usage.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertForPreTraining } from '../../dist/index.js';

const main = path.join(__dirname, '../../dist/cli/main.js');
const shipped = path.join(__dirname, '../../models/sst2-mini');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: string[], variables: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = { ...process.env, ...variables };
  return spawn(process.execPath, [main, ...args], { stdio: 'pipe', env });
}

async function end(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

async function albert(args: string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = start(args, env);
  child.stdin!.on('error', () => {});
  child.stdin!.end(input);
  return end(child);
}

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A model of every head: fresh weights beside the shipped vocabulary. */
async function makeModel(folder: string): Promise<string> {
  await using model = await AlbertForPreTraining.from_config({
    vocab_size: 30000,
    embedding_size: 8,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_hidden_groups: 1,
    inner_group_num: 1,
    num_attention_heads: 2,
    intermediate_size: 32,
    hidden_act: 'gelu_new',
    max_position_embeddings: 64,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    initializer_range: 0.5,
  });
  await model.save_pretrained(folder);
  fs.copyFileSync(path.join(shipped, 'spiece.model'), path.join(folder, 'spiece.model'));
  return folder;
}

t.setTimeout(240_000);

t.test('help and version', async (t) => {
  const help = await albert(['--help']);
  t.equal(help.code, 0);
  for (const name of ['fill-mask', 'classify', 'ner', 'answer', 'embed', 'choose', 'order']) {
    t.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    const own = await albert([name, '--help']);
    t.equal(own.code, 0);
    t.match(own.stdout, /Examples:\n {2}\$ albert/);
    t.match(own.stdout, /--input <file>/);
    t.match(own.stdout, /With --json, one line for each input/);
  }
  for (const name of ['pretrain', 'finetune', 'evaluate', 'predict', 'plot']) {
    t.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
  }
  t.notMatch(help.stdout, /^  (serve|bench|convert) /m);
  const version = await albert(['--version']);
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

t.test('wrong usage ends with code 2 and one line that says what to do', async (t) => {
  const cases: [string[], RegExp][] = [
    [['clasify', 'x'], /unknown command 'clasify' \(Did you mean classify\?\)/],
    [['pretrain'], /required option '-o, --output <folder>' not specified; see albert pretrain/],
    [['classify'], /needs TEXT, or --input FILE/],
    [['classify', 'x', '--input', 'y'], /TEXT and --input exclude each other/],
    [['classify', '--top-k', '0', 'x'], /at least 1/],
    [['classify', '--tpo-k', '1', 'x'], /unknown option '--tpo-k'.*--top-k/],
    [['classify', '--dtype', 'fp64', 'x'], /Allowed choices are fp32, bf16, int8, fp16/],
    [['classify', '--device', 'tpu', 'x'], /Expected auto, cpu, cuda/],
    [['classify', '--threads', 'many', 'x'], /whole number/],
    [['classify', '--threads', '99999', 'x'], /whole number from 1 to 1024; see/],
    [['classify', '--threads', '0', 'x'], /whole number from 1 to 1024; see/],
    [['classify', '--model', '', 'x'], /Expected a model directory/],
    [['tokenize', '--model', '', 'x'], /Expected a model directory/],
    [['classify', '--input', ''], /Expected the name of a file; see/],
    [['ner', '--top', 'x'], /; see albert ner --help\n$/],
    [['answer', '--top-k', '0', 'x'], /at least 1; see albert answer --help\n$/],
    [['info', '--jsn'], /; see albert info --help\n$/],
    [['--jsn'], /; see albert --help\n$/],
    [['fill-mask', 'a [MASK]'], /needs --model/],
    [['order', '--model', shipped, 'only one'], /takes two texts/],
    [['choose', '--model', shipped, 'it rained'], /--choice is missing/],
    [['answer', '--model', shipped, 'context'], /--question is missing/],
    [['tokenize'], /missing required argument 'TEXT'/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await albert(args);
      t.equal(code, 2, args.join(' '));
      t.equal(stdout, '');
      t.match(stderr, message);
      t.match(stderr, /^albert: [^\n]+\n$/, 'one line');
    }),
  );
  t.equal((await albert([])).code, 2, 'no command prints the help');
});

t.test('--dtype: the same label in each, a reason where the device lacks it', async (t) => {
  for (const dtype of ['fp32', 'bf16', 'int8']) {
    const { code, stdout } = await albert(['classify', '--dtype', dtype, 'a gripping film']);
    t.equal(code, 0);
    t.match(stdout, /^POSITIVE  0\.99\d  a gripping film\n$/, dtype);
  }
  const { code, stdout, stderr } = await albert(['classify', '--dtype', 'fp16', 'x']);
  t.same([code, stdout], [1, '']);
  t.match(stderr, /^albert: [^\n]*fp16[^\n]*use dtype "bf16", "int8" or "fp32" on the CPU\n$/);
});

t.test('an output without a name is refused before anything is written', async (t) => {
  const child = spawn(process.execPath, [main, 'classify', 'x', '-o', ''], { cwd: t.testdir({}) });
  t.match(await end(child), { code: 2, stderr: /Expected the name of a file; see/ });
  t.same(fs.readdirSync(t.testdirName), [], 'no partial file');
});

t.test('with --text a line that starts with { is text', async (t) => {
  const input = '{braces} in a film\n{"text": "x"}\n';
  const { code, stdout } = await albert(['classify', '--text', '--input', '-'], input);
  t.equal(code, 0);
  t.match(stdout, /  \{braces\} in a film\n.*  \{"text": "x"\}\n$/);
  t.match((await albert(['classify', '--help'])).stdout, /--text .*read every line as text/);
  t.match(await albert(['order', '--model', shipped, '--text', 'a', 'b']), { code: 2 });
});

t.test('a bad ALBERT_THREADS is told in one line', async (t) => {
  for (const ALBERT_THREADS of ['abc', '0', '-1', '999999']) {
    const { code, stderr } = await albert(['classify', 'x'], '', { ALBERT_THREADS });
    t.equal(code, 0);
    t.match(stderr, /^albert: warning: ALBERT_THREADS="[^"]+" is ignored: expected 1 to \d+\n$/);
  }
  t.equal((await albert(['classify', 'x'], '', { ALBERT_THREADS: '1' })).stderr, '');
});

t.test('warnings: of missing heads always, of unused tensors with --verbose', async (t) => {
  const model = await makeModel(t.testdir({}));
  const warned = async (...args: string[]) => (await albert([...args, '--model', model])).stderr;
  t.equal(await warned('fill-mask', 'a [MASK]'), '');
  t.equal(await warned('embed', 'a'), '');
  t.equal(await warned('order', 'a', 'b'), '');
  t.match(await warned('embed', 'a', '--verbose'), /^albert: warning: .* does not use: .*\n$/);
  const missing = await warned('ner', 'a');
  t.match(missing, /^albert: warning: .* lacks classifier\.weight, .*\n$/);
  t.notMatch(missing, /does not use/);
  t.match(await warned('ner', 'a', '--verbose'), /lacks .* does not use/);
});

t.test('failures end with code 1 and one line', async (t) => {
  const cases: [string[], RegExp][] = [
    [['classify', '--input', '/nowhere.txt'], /cannot read \/nowhere\.txt: no such file/],
    [['classify', '--input', __dirname], /is a directory/],
    [['classify', '--model', './nowhere/at/all', 'x'], /nowhere\/at\/all/],
    [['classify', '--output', '/nowhere/out', 'x'], /cannot write \/nowhere\/out: no such file/],
    [['classify', '--output', '/dev/full', 'x'], /cannot write \/dev\/full: the disk is full/],
    [['fill-mask', '--model', shipped, 'no mask'], /no \[MASK\]/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await albert(args);
      t.equal(code, 1, args.join(' '));
      t.equal(stdout, '');
      t.match(stderr, message);
      const lines = stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !/^albert: warning/.test(line));
      t.equal(lines.length, 1, 'one line');
      t.notMatch(stderr, /^\s+at /m, 'no stack trace');
    }),
  );
});

t.test('classify for people and as JSON', async (t) => {
  const people = await albert(['classify', 'a gripping film', 'a dull mess']);
  t.equal(people.code, 0);
  t.match(
    people.stdout,
    /^POSITIVE  0\.\d{3}  a gripping film\nNEGATIVE  [01]\.\d{3}  a dull mess\n$/,
  );
  t.equal(people.stderr, '');
  const json = await albert(['classify', '--json', 'a gripping film', 'a dull mess']);
  const results = jsonLines(json.stdout);
  t.same(
    results.map(({ label }) => label),
    ['POSITIVE', 'NEGATIVE'],
  );
  t.same(Object.keys(results[0]!), ['label', 'score']);
  const all = await albert(['classify', '--json', '--top-k', 'all', 'a gripping film']);
  t.same((JSON.parse(all.stdout) as object[]).length, 2);
});

t.test('a stream gives one result for each line, in order, as single texts do', async (t) => {
  const folder = t.testdir({});
  const words = ['good', 'bad', 'dull', 'gripping', 'a film', '', 'boring mess', 'lovely'];
  const lines = Array.from({ length: 1000 }, (_, i) => `${words[i % 8]} ${words[(i * 3) % 7]}`);
  lines[500] = '';
  lines[501] = '{"text": "a gripping film"}';
  lines[502] = 'long '.repeat(200000);
  const file = path.join(folder, 'in.txt');
  const out = path.join(folder, 'out.jsonl');
  fs.writeFileSync(file, lines.join('\r\n'));
  const streamed = await albert(['classify', '--json', '--input', file]);
  t.equal(streamed.code, 0);
  t.equal(streamed.stderr, '', 'no progress bar where there is no terminal');
  const results = jsonLines(streamed.stdout);
  t.equal(results.length, 1000);
  const probes = [0, 3, 499, 500, 503, 999];
  const alone = await albert(['classify', '--json', ...probes.map((i) => lines[i]!)]);
  t.same(
    jsonLines(alone.stdout),
    probes.map((i) => results[i]),
  );
  t.same(
    results[501],
    JSON.parse((await albert(['classify', '--json', 'a gripping film'])).stdout),
  );
  const fromPipe = await albert(['classify', '--json', '--input', '-'], lines.join('\n'));
  t.equal(fromPipe.stdout, streamed.stdout, 'standard input gives the same');
  const toFile = await albert(['classify', '--json', '--input', file, '--output', out]);
  t.equal(toFile.stdout, '');
  t.equal(fs.readFileSync(out, 'utf8'), streamed.stdout);
  t.same(fs.readdirSync(folder).sort(), ['in.txt', 'out.jsonl'], 'nothing else is left');
});

t.test('a malformed line: the results before it, then its number', async (t) => {
  const folder = t.testdir({ 'in.jsonl': 'good\n{"text": "bad"}\n{"text" oops\nnever\n' });
  const file = path.join(folder, 'in.jsonl');
  const ended = await albert(['classify', '--json', '--input', file]);
  t.equal(ended.code, 1);
  t.equal(jsonLines(ended.stdout).length, 2);
  t.match(ended.stderr, /^albert: .*in\.jsonl:3: .*JSON[^\n]*\n$/);
  const out = path.join(folder, 'out.jsonl');
  const toFile = await albert(['classify', '--json', '--input', file, '--output', out]);
  const [, kept] = /are in (.*out\.jsonl\.\d+\.[\w-]+\.part)\)\n$/.exec(toFile.stderr) ?? [];
  t.notOk(fs.existsSync(out), 'no half of an output file');
  t.equal(fs.readFileSync(kept!, 'utf8'), ended.stdout);
});

t.test('an answer comes before the input ends', async (t) => {
  const child = start(['classify', '--input', '-']);
  const ended = end(child);
  const first = new Promise((resolve) => child.stdout!.once('data', resolve));
  child.stdin!.write('a gripping film\n');
  t.match(await first, /POSITIVE/);
  child.stdin!.end('a dull mess\n');
  t.match(await ended, { code: 0, stdout: /NEGATIVE  [01]\.\d{3}  a dull mess\n$/ });
});

t.test('a reader that leaves ends the command quietly', async (t) => {
  const child = start(['classify', '--json', '--input', '-']);
  child.stdin!.on('error', () => {});
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  child.stdout!.once('data', () => child.stdout!.destroy());
  const feed = setInterval(() => child.stdin!.write('a gripping film\n'.repeat(100)), 5);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(feed);
  t.equal(code, 0);
  t.equal(stderr, '');
});

t.test('Ctrl-C ends with 130, even while it waits for input', async (t) => {
  const child = start(['classify', '--json', '--input', '-']);
  const ended = end(child);
  child.stdin!.write('a gripping film\n');
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  child.kill('SIGINT');
  t.match(await ended, { code: 130, stderr: 'albert: interrupted\n' });
});

t.test('Ctrl-C says where the results before it are', async (t) => {
  const folder = t.testdir({});
  const out = path.join(folder, 'out.jsonl');
  const child = start(['classify', '--json', '--input', '-', '--output', out]);
  const ended = end(child);
  child.stdin!.write('a gripping film\n');
  const sizeOf = (name: string): number => fs.statSync(path.join(folder, name)).size;
  while (!fs.readdirSync(folder).some(sizeOf)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  t.equal(code, 130);
  const said = /^albert: interrupted \(the results before it are in (.*)\)\n$/;
  const [, kept] = said.exec(stderr) ?? [];
  t.equal(jsonLines(fs.readFileSync(kept!, 'utf8')).length, 1);
  t.notOk(fs.existsSync(out));
});

t.test('the other heads', async (t) => {
  const model = await makeModel(t.testdir({}));
  const run = async (...args: string[]): Promise<Ended> => {
    const ended = await albert([args[0]!, '--model', model, ...args.slice(1)]);
    t.equal(ended.code, 0, `${args.join(' ')} ${ended.stderr}`);
    return ended;
  };
  const json = async (...args: string[]) => jsonLines((await run(...args, '--json')).stdout);
  const filled = (await json('fill-mask', '--top-k', '3', 'a [MASK]'))[0] as unknown as object[];
  t.equal(filled.length, 3);
  t.same(Object.keys(filled[0]!), ['score', 'token', 'token_str', 'sequence']);
  const targets = await run('fill-mask', '--targets', 'film,book', 'a [MASK] is a [MASK]');
  t.match(targets.stdout, /^a \[MASK\] is a \[MASK\]\n {2}mask 1\n {2}0\.\d{4}  (film|book)/);
  const [embedded] = await json('embed', 'hello world');
  t.equal((embedded!.embedding as number[]).length, 16);
  const [tokens] = await json('embed', '--pooling', 'none', 'hello world');
  t.equal((tokens!.embedding as number[][]).length, 4);
  t.match((await run('order', 'he came', 'he saw')).stdout, /^(in order|swapped ) {2}0\.\d{3}/);
  const [answer] = await json('answer', '--question', 'who?', 'Ada wrote it.');
  t.same(Object.keys(answer!), ['answer', 'score', 'start', 'end']);
  const [choices] = await json('choose', '--choice', 'wet', '--choice', 'dry', 'it rained');
  t.equal((choices as unknown as object[]).length, 2);
  const [entities] = await json('ner', '--ignore-labels', 'none', 'Ada wrote it.');
  t.match((entities as unknown as object[])[0], { start: 0, word: String });
});

t.test('tokenize and info', async (t) => {
  t.equal((await albert(['tokenize', 'Hello world!'])).stdout, '▁hello ▁world !\n');
  const { stdout } = await albert(['tokenize', '--json', 'Hello world!']);
  const { tokens, input_ids } = JSON.parse(stdout) as { tokens: string[]; input_ids: number[] };
  t.equal(input_ids.length, tokens.length + 2);
  t.equal((await albert(['tokenize', '--ids', 'Hello world!'])).stdout, `${input_ids.join(' ')}\n`);
  const info = JSON.parse((await albert(['info', '--json'])).stdout) as Record<string, unknown>;
  t.match(info, { version: String, cpu: Object, threads: Object, backends: Array });
  const lines = (await albert(['info'])).stdout;
  t.match(lines, /^version +albert-native \d/);
  t.match(lines, /^cpu +fp32: float32.*\n +bf16: bfloat16.*\n +int8: .*32-bit sums\n/m);
  t.match(lines, /^reference +fp32: float64/m);
});

// npm run bench:pretraining: losses of pretraining runs beside those of a reference's log.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchFolder } from './contestants.mjs';
import { machineLines } from './machine.mjs';
import { positive, readOptions } from './options.mjs';
import { Printer, typedCommand } from './report.mjs';
import { mean } from './statistics.mjs';
import { table } from './table.mjs';
import { pretraining as wanted, verdict } from './wanted.mjs';

const options = readOptions(
  'npm run bench:pretraining --',
  'Holds the masked LM loss of finished runs (albert pretrain) against the log of a reference,\n' +
    'as means of some updates, and runs against each other over the first updates.',
  {
    runs: {
      value: 'DIRS',
      fallback: [],
      read: (text) => text.split(','),
      help: 'folders of runs, between commas; the first one is held against the reference',
    },
    reference: { value: 'FILE', help: 'a .tsv with the columns step and mlm_loss' },
    smooth: { value: 'N', fallback: 200, read: positive, help: 'updates of a mean (200)' },
    json: { help: 'print one JSON document instead of a table' },
    save: { help: 'put what is printed, and a picture, into bench/RESULTS.md' },
  },
);

/** Losses by update: index 0 is update 1. */
function readReference(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const column = head.split('\t').indexOf('mlm_loss');
  if (column < 0) throw new RangeError(`${file}: no column is called mlm_loss`);
  return lines.map((line) => Number(line.split('\t')[column]));
}

function readRun(folder) {
  const { options: settings } = JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8'));
  const lines = readFileSync(path.join(folder, 'log.jsonl'), 'utf8').trim().split('\n');
  const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'step');
  const losses = [];
  let tokens = 0;
  let seconds = 0;
  for (const step of steps) {
    losses[step.step - 1] = step.mlm_loss;
    tokens += step.tokens;
    seconds += step.seconds;
  }
  const dtype = settings.bf16 ? 'bf16' : 'fp32';
  return { folder, dtype, settings, losses, tokens_per_second: tokens / seconds };
}

/** The mean loss of the updates up to one of them; none where the run is shorter. */
function meanUpTo(losses, step) {
  if (losses.length < step || step < options.smooth) return undefined;
  return mean(losses.slice(step - options.smooth, step));
}

/** What decides the losses of a run: its options without folders and files. */
function recipeOf({ settings }) {
  const places = ['corpus', 'tokenizer', 'config', 'output', 'bf16'];
  const words = Object.entries(settings)
    .filter(([name]) => !places.includes(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${value}`));
  const lines = [''];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > 96) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line) => `  ${line}`);
}

const inDigits = (value) => (value === undefined ? '' : value.toFixed(3));

function tableOf(runs, reference) {
  const last = Math.max(...runs.map(({ losses }) => losses.length));
  const steps = [];
  for (let step = options.smooth; step <= last; step += options.smooth) steps.push(step);
  const titles = ['update', ...runs.map(({ dtype }) => ` ${dtype}`), ' reference'];
  const columns = [...runs.map(({ losses }) => losses), reference];
  return table(
    titles,
    steps.map((step) => [step, ...columns.map((losses) => inDigits(meanUpTo(losses, step)))]),
  );
}

/** The first run at the updates that matter, and the others against it while both go on. */
function verdicts([first, ...others], reference) {
  const lines = wanted.updates.map((step) => {
    const [is, was] = [first.losses, reference].map((losses) => meanUpTo(losses, step));
    if (is === undefined || was === undefined) return `at ${step}: not reached yet`;
    const above = is - was;
    const limit = `at most ${wanted.above} above`;
    const sign = above < 0 ? '−' : '+';
    const text = `${inDigits(is)} against ${inDigits(was)}, ${sign}${inDigits(Math.abs(above))}`;
    return `at ${step}: ${text} (${verdict(limit, above <= wanted.above)})`;
  });
  return [...lines, ...others.map((other) => apartLine(first, other))];
}

/** How far the means of two runs are apart at most over the first updates. */
function apartLine(first, other) {
  const most = Math.min(first.losses.length, other.losses.length, wanted.dtypeUpdates);
  let apart = 0;
  for (let step = options.smooth; step <= most; step += options.smooth) {
    apart = Math.max(apart, Math.abs(meanUpTo(first.losses, step) - meanUpTo(other.losses, step)));
  }
  const reached = most === wanted.dtypeUpdates && apart <= wanted.dtypes;
  const text = `${first.dtype} and ${other.dtype} at most ${inDigits(apart)} apart`;
  return `first ${most} updates: ${text} (${verdict(`≤ ${wanted.dtypes}`, reached)})`;
}

/** Draws all curves with `albert plot`; the reference's log becomes one beside them. */
function drawPicture(runs) {
  const file = 'pretraining.svg';
  const folder = mkdtempSync(path.join(os.tmpdir(), 'albert-pretraining-'));
  const logs = runs.map((run) => {
    const copy = path.join(folder, `${run.dtype}.jsonl`);
    writeFileSync(copy, readFileSync(path.join(run.folder, 'log.jsonl')));
    return copy;
  });
  const reference = path.join(folder, 'reference.tsv');
  const longest = Math.max(...runs.map(({ losses }) => losses.length));
  const lines = readFileSync(options.reference, 'utf8').split('\n').slice(0, longest + 1);
  writeFileSync(reference, `${lines.join('\n')}\n`);
  const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const words = [cli, 'plot', ...logs, reference, '--output', path.join(benchFolder, file)];
  const title = ['--title', 'Pretraining the reference configuration'];
  const { status } = spawnSync(process.execPath, [...words, ...title], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error('albert plot failed');
  return file;
}

function main() {
  if (options.runs.length === 0) throw new RangeError('--runs: name the folder of a run');
  if (!options.reference) throw new RangeError('--reference: name the log to compare with');
  const runs = options.runs.map(readRun);
  const reference = readReference(options.reference);
  const printer = new Printer({ silent: options.json });
  printer.print(...machineLines(), '');
  for (const run of runs) {
    const speed = `${Math.round(run.tokens_per_second).toLocaleString('en-US')} tokens/s`;
    printer.print(`${run.dtype}: ${run.losses.length} updates, ${speed}`);
  }
  printer.print('', 'albert pretrain, with:', ...recipeOf(runs[0]));
  printer.print('', `masked LM loss, means of ${options.smooth} updates:`);
  printer.print(...tableOf(runs, reference), '', ...verdicts(runs, reference));
  if (options.json) console.log(JSON.stringify(runs, null, 2));
  if (!options.save) return;
  printer.save('Pretraining', typedCommand('bench:pretraining'), [drawPicture(runs)]);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

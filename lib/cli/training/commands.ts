// The commands that train, score and draw: their options, and the help that teaches them.
import type { Command } from 'commander';
import { taskNames } from '../../training/tasks/names.js';
import { collect, device, fileName, modelSource, oneOf, threads } from '../values.js';
import { dataGroups } from './data-settings.js';
import type { EvaluateOptions } from './evaluate.js';
import type { FinetuneOptions } from './finetune.js';
import type { PlotOptions } from './plot.js';
import type { PretrainOptions } from './pretrain.js';
import { addSettings, between, whole } from './settings.js';
import { taskGroups } from './task-settings.js';
import { trainerGroups } from './trainer-settings.js';

/** What the program gives to its parts. */
export interface Host {
  /** A new command of the program. */
  add(name: string): Command;
  examples(lines: string[]): string;
}

/** Adds the commands. */
export function addTrainingCommands(host: Host): void {
  addPretrain(host);
  addFinetune(host);
  addEvaluate(host);
  addPredict(host);
  addPlot(host);
}

const about = {
  corpus: 'files, folders or patterns of text; may be given several times',
  tokenizer: 'a spiece.model, or a folder that holds one',
  output: 'the folder of the run: checkpoints, log, and the model at the end',
};

const stopping = `Ctrl-C (or SIGTERM) saves a checkpoint and ends; a second one ends at once.
OUTPUT/log.jsonl has a line of JSON for each update: albert plot draws it.`;

function addPretrain({ add, examples }: Host): void {
  const command = add('pretrain')
    .summary('train a model from raw text: masked words and sentence order')
    .description(
      `Train a model from raw text. Examples are made as they are read: masked words to guess, and
two segments whose order is to be told. Settings keep the names that Hugging Face gave them.`,
    )
    .option('--corpus <pattern>', about.corpus, collect)
    .option('--tokenizer <source>', about.tokenizer, modelSource)
    .option(
      '--config <source>',
      'config.json, or base, large, xlarge, xxlarge (-v1: with dropout)',
      modelSource,
    )
    .option('-m, --model <source>', 'instead: a model to go on with', modelSource)
    .requiredOption('-o, --output <folder>', about.output, fileName);
  addSettings(command, [...dataGroups, ...trainerGroups], {
    learning_rate: '1e-3, with lamb 1.76e-3',
    warmup_steps: '2.5 % of --max_steps',
    eval_steps: 'at the end only',
  });
  const lines = [
    "pretrain --corpus 'wiki/*.txt' --tokenizer spiece.model --config base --output run \\\n" +
      '      --max_steps 10000 --train_batch_size 64 --max_seq_length 128 --bf16',
    'pretrain --resume --output run',
    'plot run/log.jsonl --output run/loss.svg',
  ];
  command.addHelpText('after', `\n${stopping}\n${examples(lines)}`);
  command.action(async (options: PretrainOptions) => {
    const { pretrain } = await import('./pretrain.js');
    await pretrain(options);
  });
}

const tasksHelp = `Tasks: ${taskNames.join(', ')}.
GLUE's tasks and RACE, SWAG and SQuAD read their published files: --data is the folder that holds
them (SST-2/train.tsv or train.tsv; train-v1.1.json; RACE/train/high/*.txt). ner reads CoNLL columns
or JSON lines; classification, regression and multiple-choice read any .tsv, .csv or .jsonl.`;

function addTask(command: Command): Command {
  return command
    .option('-t, --task <name>', 'what is learnt: one of those below', modelSource)
    .option('-m, --model <source>', 'a model directory or a hub id', modelSource)
    .option('--tokenizer <source>', "another vocabulary than the model's", modelSource);
}

function addFinetune({ add, examples }: Host): void {
  const command = addTask(add('finetune'))
    .summary('train a model for a task: labels, answers, names, choices')
    .description(
      'Train a pretrained model for a task, and keep the model that is best on its dev data.',
    )
    .requiredOption('-o, --output <folder>', about.output, fileName)
    .option('--num_train_epochs <count>', 'passes over the data (default: 3)', between(1e-6))
    .addOption(oneOf('--recipe <name>', "paper: the task's settings in ALBERT's paper", ['paper']))
    .addOption(
      oneOf('--keep <which>', 'the best model on the dev data, or the last (default: best)', [
        'best',
        'last',
      ]),
    )
    .option(
      '--classifier_dropout <p>',
      "before the head (default: the model's, 0.1)",
      between(0, 1),
    );
  addSettings(command, [...taskGroups, ...trainerGroups], {
    learning_rate: '5e-5',
    max_steps: 'those of --num_train_epochs',
    warmup_steps: '10 % of the updates',
    eval_steps: 'once in each pass over the data',
    save_total_limit: '1',
  });
  const lines = [
    'finetune --task sst-2 --data glue --model albert/albert-base-v2 --output sst2 --bf16',
    'finetune --task classification --train_file reviews.csv --validation_file dev.csv \\\n' +
      '      --text_column review --label_column stars --model run --output stars',
    'finetune --task squad-v2 --data squad --model run --output squad --recipe paper',
    'finetune --resume --output sst2',
  ];
  command.addHelpText('after', `\n${tasksHelp}\n${stopping}\n${examples(lines)}`);
  command.action(async (options: FinetuneOptions) => {
    const { finetune } = await import('./finetune.js');
    await finetune(options);
  });
}

function addRunning(command: Command, split: string): Command {
  const splits = ['train', 'dev', 'test'];
  addSettings(command, taskGroups);
  return command
    .addOption(oneOf('--split <name>', `which part of the data (default: ${split})`, splits))
    .addOption(
      oneOf('--dtype <type>', 'arithmetic of the layers', ['fp32', 'bf16', 'int8', 'fp16']),
    )
    .option('--device <name>', 'auto, cpu, cuda, cuda:<number>, reference', device)
    .option('--allow_tf32', 'on CUDA, fp32 with the shorter fractions of TF32')
    .option('--threads <count>', 'at most so many threads (default: all)', threads);
}

function addEvaluate({ add, examples }: Host): void {
  const command = addTask(add('evaluate'))
    .summary('score a trained model on a task')
    .description(
      "Score a trained model by the task's own measures (SQuAD in percent, others 0 to 1).",
    )
    .option('-o, --output <folder>', 'also write predictions and eval_results.json there', fileName)
    .option('--json', 'print one line of JSON');
  addRunning(command, 'dev');
  const lines = [
    'evaluate --task sst-2 --data glue --model sst2',
    'evaluate --task squad-v2 --data dev-v2.0.json --model squad --output scores --json',
  ];
  command.addHelpText('after', `\n${tasksHelp}\n${examples(lines)}`);
  command.action(async (options: EvaluateOptions) => {
    const { evaluate } = await import('./evaluate.js');
    await evaluate(options);
  });
}

function addPredict({ add, examples }: Host): void {
  const command = addTask(add('predict'))
    .summary('write predictions for a task in the form its judges take')
    .description(
      `Write predictions: GLUE's submission (and test_results.tsv with probabilities), SQuAD's
predictions.json, nbest_predictions.json and null_odds.json, CoNLL columns, or JSON lines.`,
    )
    .option('-o, --output <folder>', 'where they go', fileName);
  addRunning(command, 'test');
  const lines = [
    'predict --task sst-2 --data glue --model sst2 --output submission',
    'predict --task squad-v1 --split dev --data dev-v1.1.json --model squad --output answers',
  ];
  command.addHelpText('after', `\n${tasksHelp}\n${examples(lines)}`);
  command.action(async (options: EvaluateOptions) => {
    const { predict } = await import('./evaluate.js');
    await predict(options);
  });
}

function addPlot({ add, examples }: Host): void {
  const command = add('plot')
    .summary('draw the curves of training logs')
    .description(
      'Draw losses and learning rate of one run, or of several to compare, as a picture.',
    )
    .argument('<LOG...>', 'log.jsonl of a run (or its folder), or a .tsv with a header')
    .option('-o, --output <file>', 'a .svg or .html file', fileName, 'loss.svg')
    .option('--smooth <updates>', 'mean of so many updates', whole(1, 1_000_000), 200)
    .option('--title <text>', 'above the picture');
  const lines = [
    'plot run/log.jsonl --output loss.svg',
    'plot run another-run --smooth 50 --output compare.html',
  ];
  command.addHelpText('after', examples(lines));
  command.action(async (logs: string[], options: PlotOptions) => {
    const { plot } = await import('./plot.js');
    await plot(logs, options);
  });
}

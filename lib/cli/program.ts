// The program: its commands, their options, and the help that teaches them.
import fs from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { oneLine } from './failures.js';
import { answer } from './tasks/answer.js';
import { choose } from './tasks/choose.js';
import { classify } from './tasks/classify.js';
import { embed } from './tasks/embed.js';
import { fillMask } from './tasks/fill-mask.js';
import { ner } from './tasks/ner.js';
import { order } from './tasks/order.js';
import type { TaskCommand } from './tasks/task.js';
import type { CommonOptions } from './run-task.js';
import { addTrainingCommands } from './training/commands.js';
import { device, fileName, modelSource, oneOf, threads } from './values.js';

const taskCommands = [fillMask, classify, ner, answer, embed, choose, order];

/** Builds the program; parsing runs the command that the arguments name. */
export function buildProgram(): Command {
  const program = new Command('albert')
    .description('ALBERT on the command line: text in, predictions out; and training')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({ outputError: usageErrors('albert') });
  for (const task of taskCommands) addTask(program, task);
  addTokenize(program);
  addTrainingCommands({ add: (name) => addCommand(program, name), examples: examplesText });
  addInfo(program);
  const first = examplesText(['classify "a gripping film"', 'help classify', 'info']);
  return program.addHelpText('after', `${first}\n\nExit codes: 0 done, 1 failed, 2 wrong usage.`);
}

/** Prints commander's message, which may have several lines, as one that names the help. */
function usageErrors(name: string): (message: string, write: (text: string) => void) => void {
  return (message, write) => {
    const text = oneLine(message).replace(/^error: /, '').replace(/\.$/, '');
    write(`albert: ${text}; see ${name} --help\n`);
  };
}

function addCommand(program: Command, name: string): Command {
  const outputError = usageErrors(`albert ${name}`);
  return program.command(name).configureOutput({ outputError });
}

function packageVersion(): string {
  const file = path.join(__dirname, '../../package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

function addTask(program: Command, task: TaskCommand): void {
  const command = addCommand(program, task.name).summary(task.summary);
  command.description(`${task.summary[0]!.toUpperCase()}${task.summary.slice(1)}.`);
  command.argument('[TEXT...]', task.argument);
  const needed = task.name === 'classify' ? 'default: the one that ships' : 'needed';
  const about = `a model directory or a Hugging Face hub id (${needed})`;
  command.option('-m, --model <source>', about, modelSource);
  task.addOptions(command);
  addInputOptions(command, task);
  addCommonOptions(command);
  const input = `Input lines (--input): ${task.lines}.\n${aboutJson(task)}`;
  const output = `With --json, one line for each input, in order: ${task.json}.`;
  command.addHelpText('after', `\n${input}\n${output}\n${examplesText(task.examples)}`);
  command.action(async (texts: string[], options: CommonOptions) => {
    const { runTask } = await import('./run-task.js');
    await runTask(task, texts, options);
  });
}

function aboutJson({ jsonLinesOnly }: TaskCommand): string {
  if (jsonLinesOnly) return 'Each line is JSON.';
  return 'A line that starts with { is JSON, unless --text is given.';
}

function addInputOptions(command: Command, { jsonLinesOnly }: TaskCommand): void {
  const what = jsonLinesOnly ? 'JSON' : 'text or JSON';
  const about = `read lines of ${what} from a file, or - for standard input`;
  command.option('-i, --input <file>', about, fileName);
  if (jsonLinesOnly) return;
  command.option('--text', 'read every line as text, also those that start with {');
}

function addCommonOptions(command: Command): void {
  const output = 'write there, complete or not at all (default: standard output)';
  command
    .option('-o, --output <file>', output, fileName)
    .option('--json', 'print one line of JSON for each input')
    .addOption(
      oneOf(
        '--dtype <type>',
        'arithmetic of the layers: bf16 and int8 are smaller and less exact, fp16 needs CUDA',
        ['fp32', 'bf16', 'int8', 'fp16'],
        'fp32',
      ),
    )
    .option('--device <name>', 'auto, cpu, cuda, cuda:<number>, reference', device, 'auto')
    .option('--allow_tf32', 'on CUDA, fp32 with the shorter fractions of TF32: faster, less exact')
    .option('--threads <count>', 'at most so many threads, 1 to 1024 (default: all)', threads)
    .option('--verbose', 'also warn about tensors of the checkpoint that the model does not use');
}

function addTokenize(program: Command): void {
  const about = 'a model directory, spiece.model or hub id (default: shipped)';
  addCommand(program, 'tokenize')
    .summary('cut texts into tokens')
    .description('Cut texts into tokens, without [CLS] and [SEP].')
    .argument('<TEXT...>', 'texts to cut')
    .option('-m, --model <source>', about, modelSource)
    .option('--ids', 'print ids, with those of [CLS] and [SEP]')
    .option('--json', 'print {"tokens": […], "input_ids": […]} for each text')
    .addHelpText(
      'after',
      examplesText(['tokenize "Hello world!"', 'tokenize --ids "Hello world!"']),
    )
    .action(async (texts: string[], options) => {
      const { tokenize } = await import('./tokenize.js');
      await tokenize(texts, options);
    });
}

function addInfo(program: Command): void {
  addCommand(program, 'info')
    .summary('tell about processor, threads and backends')
    .description('Tell what the engine found: version, processor, threads and why, backends.')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', examplesText(['info', 'info --json']))
    .action(async (options) => {
      const { printInfo } = await import('./info.js');
      await printInfo(options);
    });
}

function examplesText(examples: string[]): string {
  return `\nExamples:\n${examples.map((line) => `  $ albert ${line}`).join('\n')}`;
}

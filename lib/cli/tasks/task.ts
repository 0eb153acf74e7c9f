// What a command is that runs a pipeline: how it reads items, runs them and shows results.
import type { Command } from 'commander';
import type { PipelineTask, Pipelines } from '../../pipelines/index.js';
import type { Fields } from '../items.js';

/** One command of the program, with the types of its pipeline, options, items and results. */
export interface TaskDefinition<Name extends PipelineTask, Options, Item, Result> {
  /** How it is called: `albert <name>`. */
  name: string;
  task: Name;
  /** One line for the list of commands. */
  summary: string;
  /** What TEXT is for it. */
  argument: string;
  /** What an input line may be. */
  lines: string;
  /** An item does not fit on a line of plain text: lines are always JSON. */
  jsonLinesOnly?: boolean;
  /** What a line of output is with --json. */
  json: string;
  /** Command lines that work, without the leading "albert". */
  examples: string[];
  /** Adds its own options to the command. */
  addOptions(command: Command): void;
  /** Items of the command line; empty where it names none. */
  fromTexts(texts: string[], options: Options): Item[];
  fromLine(line: string, options: Options): Item;
  fromObject(fields: Fields, options: Options): Item;
  /** One result for each item; `options` are those of this command, without the common ones. */
  run(
    pipeline: Pipelines[Name],
    items: Item[],
    options: Options,
    signal: AbortSignal,
  ): Promise<Result[]>;
  /** The lines for people, each with its line feed. */
  human(item: Item, result: Result, pipeline: Pipelines[Name]): string;
}

/** Any command, once it is defined. */
export type TaskCommand = TaskDefinition<never, unknown, unknown, unknown> & {
  task: PipelineTask;
};

/** Checks a definition against its own types and forgets them. */
export function defineTask<Name extends PipelineTask, Options, Item, Result>(
  definition: TaskDefinition<Name, Options, Item, Result>,
): TaskCommand {
  return definition as unknown as TaskCommand;
}

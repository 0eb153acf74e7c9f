// The names of the tasks, apart from what they do: the help of the command line lists them.

/** Those of GLUE. */
export const glueNames = [
  'cola',
  'sst-2',
  'mrpc',
  'sts-b',
  'qqp',
  'mnli',
  'mismnli',
  'qnli',
  'rte',
  'wnli',
  'ax',
] as const;

/** All others. */
export const otherNames = [
  'squad-v1',
  'squad-v2',
  'squad-v2-span',
  'race',
  'swag',
  'ner',
  'classification',
  'regression',
  'multiple-choice',
] as const;

export type GlueName = (typeof glueNames)[number];
export type OtherName = (typeof otherNames)[number];

/** The names of all tasks. */
export const taskNames: readonly string[] = [...glueNames, ...otherNames];

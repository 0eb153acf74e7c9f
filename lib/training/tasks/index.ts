// The tasks by name, and what all of them are run by.
import { AlbertError } from '../../errors.js';
import { line, nearest } from '../../options.js';
import { choiceOfColumns, swagTask } from './choice-tables.js';
import { classificationOfColumns, regressionOfColumns } from './column-tasks.js';
import { glueTask } from './glue.js';
import { glueNames, taskNames, type GlueName, type OtherName } from './names.js';
import { raceTask } from './race.js';
import { squadV1Task, squadV2SpanTask, squadV2Task } from './squad/task.js';
import type { Predictor, Scores, Split, Task, TaskOptions } from './task.js';
import { nerTask } from './token-classification.js';

export { taskNames } from './names.js';
export type * from './task.js';

/** A task whose examples only it knows. */
export type AnyTask = Task<any, any>;

type MakeTask = (options: TaskOptions) => AnyTask | Promise<AnyTask>;

const others: Record<OtherName, MakeTask> = {
  'squad-v1': squadV1Task,
  'squad-v2': squadV2Task,
  'squad-v2-span': squadV2SpanTask,
  race: raceTask,
  swag: swagTask,
  ner: nerTask,
  classification: classificationOfColumns,
  regression: regressionOfColumns,
  'multiple-choice': choiceOfColumns,
};

/**
 * Makes a task. Where labels are neither given nor fixed, it reads them from the training data.
 *
 * @throws (rejects) AlbertError `ERR_CONFIG` for an unknown name, missing columns; `ERR_NOT_FOUND`
 */
export async function openTask(name: string, options: TaskOptions): Promise<AnyTask> {
  if (glueNames.includes(name as GlueName)) return glueTask(name as GlueName, options);
  if (Object.hasOwn(others, name)) return others[name as OtherName](options);
  const near = nearest(name, taskNames);
  const hint = near ? `did you mean '${near}'?` : `known: ${taskNames.join(', ')}`;
  throw new AlbertError('ERR_CONFIG', `unknown task '${line(name)}': ${hint}`);
}

/** Examples that are read, encoded and predicted in one go. */
const examplesAtOnce = 1024;

/** The examples of a split in slices. */
export async function* slicesOf<Example>(
  examples: AsyncIterable<Example>,
): AsyncGenerator<Example[]> {
  let slice: Example[] = [];
  for await (const example of examples) {
    if (slice.push(example) < examplesAtOnce) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** What a run over a split gives. */
export interface TaskResults {
  examples: number;
  scores(): Scores;
  files(): Record<string, string>;
}

/**
 * Predicts a split, slice by slice.
 *
 * @param onProgress told how many examples are done
 */
export async function runTask(
  task: AnyTask,
  split: Split,
  predictor: Predictor,
  onProgress: (examples: number) => void = () => undefined,
): Promise<TaskResults> {
  const collector = task.collect();
  let examples = 0;
  for await (const slice of slicesOf(task.read(split))) {
    const predictions = await task.predict(predictor, slice);
    slice.forEach((example, i) => collector.add(example, predictions[i]));
    examples += slice.length;
    onProgress(examples);
  }
  return { examples, scores: () => collector.scores(), files: () => collector.files() };
}

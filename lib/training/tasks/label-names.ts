// The classes of a task: their names, how they are found in data, how a model orders them.
import type { AlbertConfig } from '../../config.js';
import { AlbertError } from '../../errors.js';
import { isRecord, line } from '../../options.js';

/** More classes than this are no classes. */
const mostLabels = 1000;

/**
 * The different labels of a data set, in alphabetical order (numbers by value).
 *
 * @throws (rejects) AlbertError `ERR_FORMAT` for none, one, or over 1,000
 */
export async function discoverLabels(labels: AsyncIterable<string>): Promise<string[]> {
  const found = new Set<string>();
  for await (const label of labels) {
    found.add(label);
    if (found.size <= mostLabels) continue;
    const advice = 'name another column, or use --task regression for numbers';
    const message = `the labels have over ${mostLabels} different values (${line(label)}, …)`;
    throw new AlbertError('ERR_FORMAT', `${message}: ${advice}`);
  }
  if (found.size > 1) return sortedLabels(found);
  const got = found.size === 0 ? 'no row' : `one label only, ${line([...found][0]!)}`;
  throw new AlbertError('ERR_FORMAT', `the training data have ${got}: two labels are needed`);
}

function sortedLabels(labels: Iterable<string>): string[] {
  const all = [...labels];
  const numeric = all.every((label) => label !== '' && Number.isFinite(Number(label)));
  if (numeric) return all.sort((a, b) => Number(a) - Number(b));
  return all.sort((a, b) => (a < b ? -1 : 1));
}

/** The label names in a model's configuration; undefined where it has none but LABEL_0 and on. */
export function labelNames(config: AlbertConfig): string[] | undefined {
  const { id2label } = config;
  if (!isRecord(id2label)) return undefined;
  const names = Object.keys(id2label).map((_, id) => id2label[String(id)]);
  const telling = names.every((name, id) => typeof name === 'string' && name !== `LABEL_${id}`);
  return telling ? (names as string[]) : undefined;
}

/**
 * For each label of a task, which output of a model it is: by name where the model knows the same
 * names in any order and case, else in order.
 *
 * @throws AlbertError `ERR_CONFIG` where the model has another number of labels
 */
export function outputsOf(
  labels: readonly string[],
  config: AlbertConfig,
  count: number,
): number[] {
  if (count !== labels.length) {
    const expected = `${labels.length} labels (${labels.map((name) => line(name)).join(', ')})`;
    const advice = 'pass a model that was fine-tuned on this task';
    throw new AlbertError('ERR_CONFIG', `the task has ${expected}, the model ${count}: ${advice}`);
  }
  const names = labelNames(config)?.map((name) => name.toLowerCase()) ?? [];
  const byName = labels.map((label) => names.indexOf(label.toLowerCase()));
  return byName.includes(-1) ? labels.map((_, index) => index) : byName;
}

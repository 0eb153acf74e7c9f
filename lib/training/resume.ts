// Taking up a run: loads the model of a checkpoint, and refuses what is not the same run.
import { isDeepStrictEqual } from 'node:util';
import { readConfig } from '../config.js';
import { AlbertError } from '../errors.js';
import * as models from '../models/index.js';
import type { Device } from '../models/index.js';
import * as check from '../options.js';
import type { Checkpoint } from './checkpoint.js';
import type { TrainingSource } from './dataset.js';
import type { TrainableModel } from './trainable-model.js';
import { changeable, trainerSchema, type TrainerOptions } from './trainer-options.js';

/** How `Trainer.resume` takes up a run. */
export interface ResumeOptions {
  /** The dataset of the run: it goes on behind the last example that was trained on. */
  dataset?: TrainingSource | undefined;
  /** Default: 'reference' where the run was on it, else 'auto'. Bits are equal on one device. */
  device?: Device | undefined;
  /** As the model of the run was loaded; default false. See {@link LoadOptions}. */
  allow_tf32?: boolean | undefined;
  /** Upper bound of threads; default all of the pool. */
  threads?: number | undefined;
  /**
   * What the caller believes the options to be: those that change updates must be as saved, the
   * others (output_dir, save_steps, report_to, …) are taken from here.
   */
  options?: TrainerOptions | undefined;
}

const schema: check.OptionSchema = {
  dataset: (value, name) => {
    if (typeof value === 'object') return;
    throw new TypeError(`${name}: expected a dataset, got ${check.show(value)}`);
  },
  device: check.oneOf('auto', 'cpu', 'cuda', 'reference'),
  allow_tf32: check.boolean,
  threads: check.integer(1, 1024),
  options: (value, name) => check.checkOptions(name, value, trainerSchema),
};

/** The model of a checkpoint, and the options of its run. */
export async function loadForTraining(
  { directory, state }: Checkpoint,
  options: ResumeOptions,
): Promise<{ model: TrainableModel; trainerOptions: TrainerOptions }> {
  check.checkOptions('Trainer.resume', options, schema);
  const where = `Trainer.resume: ${check.line(directory, 200)}`;
  refuseDifference(where, 'config.json', state.config, (await readConfig(directory)).config);
  const trainerOptions = { ...state.options, ...merged(where, state.options, options.options) };
  const device = options.device ?? (state.device === 'reference' ? 'reference' : 'auto');
  const Model = modelClass(where, state.model);
  const { allow_tf32, threads } = options;
  const model = await Model.from_pretrained(directory, { device, allow_tf32, threads });
  return { model: model as TrainableModel, trainerOptions };
}

type AnyModelClass = typeof models.AlbertForPreTraining;

function modelClass(where: string, name: string): AnyModelClass {
  const all = models as unknown as Record<string, unknown>;
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (typeof found === 'function' && found.prototype instanceof models.AlbertPreTrainedModel) {
    return found as AnyModelClass;
  }
  throw new AlbertError('ERR_FORMAT', `${where}: no model class is called ${check.show(name)}`);
}

/** The options that a caller may change; the others must be as they were. */
function merged(where: string, saved: TrainerOptions, given: TrainerOptions = {}): TrainerOptions {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const [free, fixed] = [true, false].map((may) =>
    Object.fromEntries(set.filter(([name]) => changeable.has(name) === may)),
  );
  const before = saved as Record<string, unknown>;
  const same = Object.fromEntries(Object.keys(fixed ?? {}).map((name) => [name, before[name]]));
  refuseDifference(where, 'options', same, fixed ?? {});
  return free ?? {};
}

function refuseDifference(where: string, what: string, saved: object, now: object): void {
  const [before, after] = [saved, now].map((value) => value as Record<string, unknown>);
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    const [old, fresh] = [before?.[name], after?.[name]];
    if (isDeepStrictEqual(old, fresh)) continue;
    const text = (value: unknown): string => check.line(JSON.stringify(value) ?? 'absent');
    const difference = `${name} was ${text(old)}, now it is ${text(fresh)}`;
    const advice = 'begin a new run to change it';
    throw new AlbertError('ERR_CONFIG', `${where}: ${what}: ${difference}; ${advice}`);
  }
}

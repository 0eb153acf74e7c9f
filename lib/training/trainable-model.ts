// The models that can be trained.
import { AlbertError } from '../errors.js';
import { AlbertPreTrainedModel, type ModelParts } from '../models/base.js';
import { show } from '../options.js';

/** Any model with a head, loaded as fp32. */
export type TrainableModel<Inputs extends object = any> = AlbertPreTrainedModel<Inputs, any, any>;

/**
 * What training works with of a model.
 *
 * @throws TypeError for no model, AlbertError `ERR_CONFIG` for one without a loss or not of fp32
 */
export function trainableParts(where: string, model: unknown): ModelParts {
  if (!(model instanceof AlbertPreTrainedModel)) {
    throw new TypeError(`${where}: expected a model, got ${show(model)}`);
  }
  const parts = AlbertPreTrainedModel.partsOf(model);
  if (parts.kind === 'base') {
    const what = `${model.constructor.name} has no loss`;
    const advice = 'load the checkpoint as a model with a head';
    throw new AlbertError('ERR_CONFIG', `${where}: ${what}; ${advice}`);
  }
  if (parts.dtype !== 'fp32') {
    const advice = "load it as 'fp32' and pass { bf16: true } to compute in bfloat16";
    throw new AlbertError('ERR_CONFIG', `${where}: the model is '${parts.dtype}'; ${advice}`);
  }
  return parts;
}

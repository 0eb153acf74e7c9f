// AlbertModel: the encoder and its pooler, without a head.
import type { ModelInputs } from '../inputs.js';
import type { ModelKind } from '../native.js';
import { AlbertPreTrainedModel } from './base.js';
import type { AlbertModelOutput } from './outputs.js';

/**
 * The encoder and its pooler.
 *
 * @example
 * const model = await AlbertModel.from_pretrained('./albert-base-v2');
 * const { pooler_output } = await model({ input_ids: [[2, 31, 3]] });
 * console.log(pooler_output.dims); // [ 1, 768 ]
 */
export class AlbertModel extends AlbertPreTrainedModel<ModelInputs, AlbertModelOutput> {
  static override readonly kind: ModelKind = 'base';
}

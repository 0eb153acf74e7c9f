// The outputs that everybody is compared with: this engine's, themselves held against float64.
import { compare } from './compare.mjs';
import { contestants } from './contestants.mjs';
import { Entrant } from './trials.mjs';
import { checkWorkload } from './workloads.mjs';

const [engine] = contestants;

/**
 * Float32 outputs of every workload, by its name.
 *
 * @throws where this engine's float32 differs from its float64 reference
 */
export async function referenceOutputs(workloads, { threads }) {
  const [exact] = await outputsOf({ device: 'reference' }, [checkWorkload], threads);
  const [check, ...outputs] = await outputsOf({}, [checkWorkload, ...workloads], threads);
  compare(check, exact, 'fp32', `${engine.name} fp32 against float64`);
  return new Map(workloads.map(({ name }, index) => [name, outputs[index]]));
}

async function outputsOf(variant, workloads, threads) {
  const entrant = new Entrant(engine, variant, 'fp32');
  try {
    await entrant.load({ threads });
    const list = [];
    for (const workload of workloads) {
      list.push(await entrant.outputs(workload, workload.batchings[0]));
    }
    return list;
  } finally {
    await entrant.end();
  }
}

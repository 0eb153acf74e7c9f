// Who is compared: how each is started, which variants it has, and what it lacks.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { ContestantProcess } from './process.mjs';

export const benchFolder = path.dirname(fileURLToPath(import.meta.url));
export const workFolder = path.join(benchFolder, '.work');
export const modelFolder = path.join(workFolder, 'albert-base');
export const python = path.join(workFolder, 'venv/bin/python');

/** Two graphs of the same weights: plain operators, and the runtime's own fused ones. */
const graphs = [{ graph: 'model_fused' }, { graph: 'model' }];
/** The fused one with unsigned activations, and weights that are signed or unsigned. */
const quantizedGraphs = [{ graph: 'model_u8s8' }, { graph: 'model_u8u8' }];
const hints = [{ hint: 'LATENCY' }, { hint: 'THROUGHPUT' }];
const noBf16 = 'its CPU kernels have no bf16';

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} driver file in drivers/
 * @property {boolean} packs runs texts of different lengths without padding
 * @property {Record<string, object[] | string>} variants by dtype; a string says why there is none
 * @property {string[]} packages what a user installs
 */

/** @type {Contestant[]} */
export const contestants = [
  {
    name: 'albert-native',
    driver: 'albert-native.mjs',
    packs: true,
    variants: { fp32: [{}], bf16: [{}], int8: [{}] },
    packages: ['albert-native'],
  },
  {
    name: 'onnxruntime-node',
    driver: 'onnxruntime-node.mjs',
    packs: false,
    variants: { fp32: graphs, bf16: noBf16, int8: quantizedGraphs },
    packages: ['onnxruntime-node'],
  },
  {
    name: 'transformers.js',
    driver: 'transformers-js.mjs',
    packs: false,
    variants: { fp32: graphs, bf16: noBf16, int8: quantizedGraphs },
    packages: ['@huggingface/transformers'],
  },
  {
    name: 'openvino',
    driver: 'openvino.py',
    packs: false,
    variants: { fp32: hints, bf16: hints, int8: hints },
    packages: ['openvino'],
  },
  {
    name: 'pytorch',
    driver: 'pytorch.py',
    packs: false,
    variants: { fp32: [{}], bf16: [{ bf16: 'weights' }, { bf16: 'autocast' }], int8: [{}] },
    packages: ['torch', 'transformers'],
  },
];

export const isPython = ({ driver }) => driver.endsWith('.py');

/** Why a contestant cannot start here, with what to do; undefined where it can. */
export function missing(contestant) {
  if (contestant.packs) return undefined;
  if (!existsSync(python)) return 'no Python environment in bench/.work/venv: see bench/README.md';
  if (isPython(contestant)) return undefined;
  const installed = contestant.packages.every((name) =>
    existsSync(path.join(benchFolder, 'node_modules', name)),
  );
  return installed ? undefined : 'run "npm ci --prefix bench --ignore-scripts"';
}

/** Starts a contestant's process; nothing is loaded yet. */
export function start(contestant, { threads, env = {} }) {
  const { driver } = contestant;
  // As a module, so that drivers/openvino.py does not stand in the way of the package openvino.
  const command = isPython(contestant)
    ? [python, '-m', `drivers.${path.basename(driver, '.py')}`]
    : [process.execPath, path.join(benchFolder, 'drivers', driver)];
  return new ContestantProcess(command, {
    cwd: benchFolder,
    env: {
      ...process.env,
      ALBERT_THREADS: `${threads}`,
      OMP_NUM_THREADS: `${threads}`,
      PYTHONDONTWRITEBYTECODE: '1',
      HF_HUB_OFFLINE: '1',
      ...env,
    },
  });
}

/** The request that loads a variant. */
export function loadRequest({ threads, dtype, variant }) {
  return { method: 'load', directory: modelFolder, threads, dtype, ...variant };
}

/** "graph=model_fused", for tables. */
export function describe(variant) {
  return Object.values(variant).join(' ');
}

// npm run bench:roofline: writes bench/ROOFLINE.md, what the kernels' work costs at least on three
// GPUs: floors from the ops' own flops() and bytes() (albert_check --mode cost), on paper.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const program = path.join(here, '../build/albert_check');

/** Datasheet peaks: dense tensor-core bf16 with float32 sums, float32, bytes; each a second. */
const gpus = [
  {
    name: 'A100 80 GB SXM',
    tensor: 312e12,
    vector: 19.5e12,
    memory: 2.039e12,
    source: 'NVIDIA A100 Tensor Core GPU datasheet',
  },
  {
    name: 'H100 80 GB SXM',
    tensor: 989.4e12,
    vector: 66.9e12,
    memory: 3.35e12,
    source: 'NVIDIA H100 Tensor Core GPU datasheet and architecture whitepaper (without sparsity)',
  },
  {
    name: 'GeForce RTX 4090',
    tensor: 165.2e12,
    vector: 82.6e12,
    memory: 1.008e12,
    source: 'NVIDIA Ada GPU architecture whitepaper, appendix A',
  },
];

/** What the design reckons with: the share of the floor that a large launch reaches. */
const shares = {
  linear: [0.65, 'cuBLASLt at sizes of a layer'],
  linear_backward: [0.6, 'two products; the sums of columns ride on one of them'],
  attention: [0.4, 'mma.sync without wgmma; the softmax sits between the products'],
  attention_dropout: [0.25, 'Philox beside the products'],
  attention_backward: [0.3, 'five products, scores computed again'],
};
const streamed = [0.8, 'one pass over memory'];
/** A launch in a captured graph takes about so long, however little it does. */
const launchMicroseconds = 2;
const tensorOps = new Set(Object.keys(shares));

const costs = (dtype) => {
  const args = ['--mode', 'cost', '--isa', 'portable', '--dtype', dtype, '--json'];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })).costs;
};

/** Each case in bf16, the ops that compute in float32 alone in that. */
function allCosts() {
  const layers = ['linear', 'layer_norm', 'attention', 'gather_rows', 'convert', 'dropout'];
  const isNarrow = ({ op }) => layers.some((layer) => op === layer || op.startsWith(`${layer}_`));
  return [...costs('bf16').filter(isNarrow), ...costs('fp32').filter((cost) => !isNarrow(cost))];
}

/** Microseconds that a case takes at least, and what bounds it. */
function floorOf({ op, flops, bytes }, gpu) {
  const compute = (flops / (tensorOps.has(op) ? gpu.tensor : gpu.vector)) * 1e6;
  const memory = (bytes / gpu.memory) * 1e6;
  return { floor: Math.max(compute, memory), bound: compute > memory ? 'compute' : 'memory' };
}

const shareOf = ({ op }) => shares[op] ?? streamed;
const expectedOf = (cost, gpu) =>
  Math.max(launchMicroseconds, floorOf(cost, gpu).floor / shareOf(cost)[0]);

const cell = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
const row = (cells) => `| ${cells.join(' | ')} |`;
const tableOf = (head, rows) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

function kernelTable(all) {
  const head = ['case', 'dtype', 'MFLOP', 'MB', 'share'];
  for (const { name } of gpus) head.push(`${name}: floor µs`, 'bound', 'expected µs');
  const rows = all.map((cost) => [
    `\`${cost.case}\``,
    cost.dtype,
    cell(cost.flops / 1e6),
    cell(cost.bytes / 1e6),
    `${Math.round(100 * shareOf(cost)[0])} %`,
    ...gpus.flatMap((gpu) => {
      const { floor, bound } = floorOf(cost, gpu);
      return [cell(floor), bound, cell(expectedOf(cost, gpu))];
    }),
  ]);
  return tableOf(head, rows);
}

/** The launches of one pass of ALBERT-base over `rows` tokens in sequences of 128. */
function passOf(all, rows) {
  const find = (name) => {
    const found = all.find((cost) => cost.case === name);
    if (!found) throw new Error(`no case is called ${name}`);
    return found;
  };
  const linear = (rest) => find(`linear/rows=${rows},${rest}`);
  const times = (cost, count) => ({
    ...cost,
    flops: cost.flops * count,
    bytes: cost.bytes * count,
  });
  const norm = all.find(({ op, case: name }) => op === 'layer_norm' && /columns=768/.test(name));
  const normRows = Number(/rows=(\d+)/.exec(norm.case)[1]);
  return [
    linear('inputs=768,outputs=2304,parts=3'),
    times(find('attention/heads=12,head_size=64,lengths=128'), rows / 128),
    linear('inputs=768,outputs=768'),
    times(norm, rows / normRows),
    linear('inputs=768,outputs=3072,gelu_tanh'),
    linear('inputs=3072,outputs=768'),
    times(norm, rows / normRows),
  ];
}

function modelTable(all) {
  const head = ['batch', 'GFLOP'];
  for (const { name } of gpus) head.push(`${name}: floor ms`, 'expected ms', 'of peak');
  const rows = [1, 32].map((batch) => {
    const pass = passOf(all, batch * 128);
    const flops = 12 * pass.reduce((sum, cost) => sum + cost.flops, 0);
    return [
      `${batch} × 128`,
      cell(flops / 1e9),
      ...gpus.flatMap((gpu) => {
        const floor = 12 * pass.reduce((sum, cost) => sum + floorOf(cost, gpu).floor, 0);
        const expected = 12 * pass.reduce((sum, cost) => sum + expectedOf(cost, gpu), 0);
        const share = flops / (expected * 1e-6) / gpu.tensor;
        return [cell(floor / 1e3), cell(expected / 1e3), `${Math.round(100 * share)} %`];
      }),
    ];
  });
  return tableOf(head, rows);
}

function report(all) {
  const used = Object.entries(shares).map(
    ([op, [share, why]]) => `- \`${op}\`: ${Math.round(100 * share)} %: ${why}`,
  );
  return `# Floors of the kernels on three GPUs

Written by \`npm run bench:roofline\` from the ops' own \`flops()\` and \`bytes()\`.
**On paper: nothing here was measured on a GPU.** A floor is the longer of operations over peak and
bytes over bandwidth; ops on tensor cores are held against the dense bf16 peak, the others against
the float32 peak. Each number of a tensor is counted once, as if no cache held it: the shared
layer's weights, which stay in L2 from pass to pass, make the true floor of small batches lower.

Expected is the floor over the share that the design reckons with, and at least
${launchMicroseconds} µs for a launch, as in a captured graph (of passes up to 1024 tokens):

${used.join('\n')}
- all others: ${Math.round(100 * streamed[0])} %: ${streamed[1]}

| GPU | bf16 TFLOP/s | float32 TFLOP/s | GB/s | source |
|---|---|---|---|---|
${gpus
  .map(({ name, tensor, vector, memory, source }) =>
    row([name, tensor / 1e12, vector / 1e12, memory / 1e9, source]),
  )
  .join('\n')}

## The encoder of ALBERT-base, 12 passes, bf16

${modelTable(all)}

## Kernel by kernel

${kernelTable(all)}
`;
}

const text = report(allCosts());
fs.writeFileSync(path.join(here, 'ROOFLINE.md'), text);
console.log(`bench/ROOFLINE.md: ${text.split('\n').length} lines`);

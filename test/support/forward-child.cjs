// Runs forward passes in a process of its own, so that it can have its own instruction set, threads
// and limits: jobs as JSON on standard input, outputs as JSON on standard output.
'use strict';
const albert = require('../../dist/index.js');

const models = new Map();

/** One model for each distinct way of loading. */
function modelOf({ model, path, config, seed, load }) {
  const key = JSON.stringify([model, path, config, seed, load]);
  if (!models.has(key)) {
    const Model = albert[model];
    models.set(
      key,
      path ? Model.from_pretrained(path, load) : Model.from_config(config, { ...load, seed }),
    );
  }
  return models.get(key);
}

const plain = (value) => {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'number') return value;
  return { dims: [...value.dims], data: Array.from(value.data) };
};

async function run(job) {
  const model = await modelOf(job);
  const outputs = await model(job.inputs, job.options ?? {});
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, plain(value)]));
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { jobs, concurrent } = JSON.parse(Buffer.concat(chunks).toString());
  const results = [];
  if (concurrent) results.push(...(await Promise.all(jobs.map(run))));
  else for (const job of jobs) results.push(await run(job));
  const cpu = albert.info().cpu.instruction_set;
  const threads = albert.info().threads.count;
  process.stdout.write(JSON.stringify({ results, instruction_set: cpu, threads }));
}

void main();

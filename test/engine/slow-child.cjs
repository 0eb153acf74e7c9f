// Child processes of process.test.ts: each mode prints one line of JSON, then ends by itself.
'use strict';
const fs = require('node:fs');
const { AlbertModel } = require('../../dist/index.js');

const config = {
  vocab_size: 100,
  embedding_size: 32,
  hidden_size: 256,
  num_attention_heads: 4,
  intermediate_size: 1024,
  num_hidden_layers: 60,
  max_position_embeddings: 512,
};
const row = (length) => Array.from({ length }, (_, i) => 1 + (i % 90));
const slow = () => AlbertModel.from_config(config, { device: 'cpu' });
const tiny = () => AlbertModel.from_config({ ...config, num_hidden_layers: 1 }, { device: 'cpu' });
const megabytes = (bytes) => bytes / 2 ** 20;

const modes = {
  /** Ends although a model is loaded and not disposed of; stays while a promise is pending. */
  async pending() {
    const model = await slow();
    void model({ input_ids: [row(512)] }).then(({ pooler_output }) =>
      process.stdout.write(JSON.stringify({ dims: pooler_output.dims })),
    );
  },

  /** fs.readFile with one libuv worker, while the engine has all it can do. */
  async files() {
    const model = await slow();
    let computing = true;
    const work = Promise.all([1, 2, 3, 4].map(() => model({ input_ids: [row(512)] })));
    void work.then(() => (computing = false));
    const times = [];
    while (computing || times.length === 0) {
      const begin = performance.now();
      await fs.promises.readFile(__filename);
      times.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    times.sort((a, b) => a - b);
    const median = times[times.length >> 1];
    process.stdout.write(JSON.stringify({ reads: times.length, median, worst: times.at(-1) }));
  },

  /** Two loads of one checkpoint: what each adds to the process. */
  async shared() {
    const path = process.argv[3];
    const rss = () => {
      global.gc();
      return megabytes(process.memoryUsage.rss());
    };
    const before = rss();
    const first = await AlbertModel.from_pretrained(path);
    const one = rss();
    const more = [];
    for (let i = 0; i < 4; i++) more.push(await AlbertModel.from_pretrained(path));
    const five = rss();
    const bill = first.memory().reduce((sum, { bytes }) => sum + bytes, 0);
    const result = { first: one - before, others: five - one, bill: megabytes(bill) };
    process.stdout.write(JSON.stringify(result));
  },

  /** What 2,000 forward passes leave behind. */
  async heap() {
    const model = await tiny();
    // What was collected is freed on a later turn.
    const settle = async () => {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const sizes = async () => {
      for (let i = 0; i < 3; i++) await settle();
      const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
      return [heapUsed, external, arrayBuffers, rss].map(megabytes);
    };
    let early = [];
    for (let i = 0; i < 2200; i++) {
      await model({ input_ids: [row(1 + (i % 64)), row(9)] });
      if (i % 50 === 0) await settle();
      if (i === 200) early = await sizes();
    }
    const late = await sizes();
    const [heap, external, buffers, rss] = late.map((size, i) => size - early[i]);
    process.stdout.write(JSON.stringify({ heap, external, buffers, rss }));
  },
};

void modes[process.argv[2]]();

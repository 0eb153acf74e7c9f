// Real data sets: each task's reader counts what is in them; the trained model scores as PyTorch.
import path from 'node:path';
import t from 'tap';
import { runNode } from '../support/forward';
import { examplesOf } from '../support/tasks';
import type { Split } from '../../dist/training/tasks/task.js';
import { folder } from './folder.cjs';

t.setTimeout(300_000);

const glue = path.join(folder, 'glue');
const at = (name: string): string => path.join(folder, name);

t.test('the readers find as many examples as the data sets have', async (t) => {
  // Counted by hand; see the README of the data sets.
  const counts: [task: string, split: Split, options: object, count: number][] = [
    ['sst-2', 'train', { data: glue }, 67349],
    ['sst-2', 'dev', { data: glue }, 872],
    ['sst-2', 'test', { data: glue }, 1821],
    ['cola', 'train', { data: glue }, 8551],
    ['cola', 'dev', { data: glue }, 1043],
    ['cola', 'test', { data: glue }, 1063],
    ['rte', 'train', { data: glue }, 2490],
    ['rte', 'dev', { data: glue }, 277],
    ['rte', 'test', { data: glue }, 3000],
    ['wnli', 'train', { data: glue }, 635],
    ['wnli', 'dev', { data: glue }, 71],
    ['wnli', 'test', { data: glue }, 146],
    ['qnli', 'dev', { data: glue }, 5463],
    ['mnli', 'dev', { data: at('glue/MED/MED.tsv') }, 5382],
    ['race', 'dev', { data: at('race') }, 561],
    ['squad-v2', 'dev', { data: at('squad/dev-v2.0.half.json') }, 6078],
    ['squad-v2', 'test', { data: at('squad/test-v2.0.noanswers.json') }, 5915],
    ['squad-v1', 'dev', { data: at('squad/xquad.de.json') }, 1190],
    ['squad-v1', 'dev', { data: at('squad/expmrc-squad-dev.json') }, 501],
    ['ner', 'train', { data: at('ner-wnut17') }, 3394],
    ['ner', 'dev', { data: at('ner-wnut17') }, 1009],
    ['ner', 'test', { data: at('ner-wnut17') }, 1287],
    // 1,841 groups of lines, 145 of which are a -DOCSTART- alone.
    ['ner', 'train', { data: at('ner-wikigold/wikigold.conll.txt') }, 1696],
    ['ner', 'dev', { data: at('hf-tests-samples/conll/sample.json') }, 10],
    ['swag', 'dev', { data: at('mc-samples/swag.csv') }, 11],
    [
      'multiple-choice',
      'dev',
      {
        data: at('cosmosqa/valid.csv'),
        context_column: 'context',
        question_column: 'question',
        choice_columns: ['answer0', 'answer1', 'answer2', 'answer3'],
      },
      2985,
    ],
  ];
  for (const [task, split, options, count] of counts) {
    t.equal((await examplesOf(task, split, options)).length, count, `${task} ${split}`);
  }
});

t.test('evaluate: SST-2 as PyTorch scored the same weights', async (t) => {
  const main = path.join(__dirname, '../../dist/cli/main.js');
  const args = ['--task', 'sst-2', '--data', glue, '--model', at('ckpt-mini/sst2'), '--json'];
  const { code, output, errors } = await runNode([main, 'evaluate', ...args]);
  t.equal(code, 0, errors);
  const { accuracy, examples } = JSON.parse(output) as { accuracy: number; examples: number };
  t.equal(examples, 872);
  t.ok(Math.abs(accuracy - 711 / 872) <= 1.5 / 872, `${accuracy}`);
});

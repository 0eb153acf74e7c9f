// Event files as TensorBoard's own reader reads them, where Python has the package.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';
import { TensorBoardWriter } from '../../dist/training/tensorboard.js';

t.setTimeout(180_000);

// Another interpreter than python3, such as that of a virtual environment.
const python = process.env['ALBERT_PYTHON'] ?? 'python3';

const reader = `
import json, sys
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
events = [e for e in EventFileLoader(sys.argv[1]).Load()]
values = [[e.step, v.tag, v.tensor.float_val[0] if v.HasField('tensor') else v.simple_value]
          for e in events for v in e.summary.value]
print(json.dumps({'version': events[0].file_version, 'values': values}))
`;

const has = spawnSync(python, ['-c', 'import tensorboard']);
const missing = has.status !== 0 && `${python} has no tensorboard: pip install tensorboard`;

t.test('TensorBoard reads what was written', { skip: missing }, async (t) => {
  const board = await TensorBoardWriter.open(path.join(t.testdir(), 'board'));
  await board.scalars(1, { 'train/loss': 2.5, 'train/learning_rate': 0.125 });
  await board.report({ type: 'evaluate', step: 3_000_000_000, metrics: { accuracy: 0.75 } });
  await board.close();
  const { status, stdout, stderr } = spawnSync(python, ['-c', reader, board.file], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.same(JSON.parse(stdout.trimEnd().split('\n').at(-1)!), {
    version: 'brain.Event:2',
    values: [
      [1, 'train/loss', 2.5],
      [1, 'train/learning_rate', 0.125],
      [3_000_000_000, 'eval/accuracy', 0.75],
    ],
  });
});

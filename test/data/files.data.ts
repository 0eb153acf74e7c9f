// Every safetensors file and configuration among the data is read, or refused in one clear line.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { AlbertModel, AlbertTokenizer } from '../../dist/index.js';
import { expectError } from '../support/errors';
import { goldenConfig } from '../support/golden';
import { folder } from './folder.cjs';

const filesWith = (end: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(end))
    .sort();

t.test('safetensors files', async (t) => {
  const files = filesWith('.safetensors');
  t.ok(files.length >= 7, `${files.length} files`);
  let read = 0;
  for (const file of files) {
    const directory = path.dirname(path.join(folder, file));
    if (existsSync(path.join(directory, 'config.json'))) {
      const model = await AlbertModel.from_pretrained(path.join(folder, file));
      const { pooler_output } = await model({ input_ids: [[2, 9, 3]] });
      t.ok([...pooler_output.data].every(Number.isFinite), file);
      ++read;
      continue;
    }
    // No ALBERT: named as such, not crashed on.
    const beside = path.join(t.testdir({}), 'model');
    mkdirSync(beside);
    symlinkSync(path.join(folder, file), path.join(beside, 'model.safetensors'));
    const config = JSON.stringify(goldenConfig('tiny_gelu_new_g1'));
    writeFileSync(path.join(beside, 'config.json'), config);
    const load = () => AlbertModel.from_pretrained(beside);
    await expectError(t, load, 'ERR_FORMAT', /is this an ALBERT checkpoint/, file);
  }
  t.ok(read >= 5, `${read} are ALBERT models`);
});

t.test('configurations of other models and of models without weights', async (t) => {
  const xsmall = path.join(folder, 'ckpt-pt-bert-xsmall');
  const load = (directory: string) => () => AlbertModel.from_pretrained(directory);
  await expectError(t, load(xsmall), 'ERR_NOT_FOUND', /model\.safetensors/, 'PyTorch weights');
  const google = path.join(folder, 'ckpt-tf-albert-index/base_zh');
  await expectError(t, load(google), 'ERR_NOT_FOUND', /model\.safetensors/, 'a TensorFlow bundle');
});

t.test('SentencePiece models of other makes', async (t) => {
  for (const name of ['test_sentencepiece.model', 'test_sentencepiece_no_bos.model']) {
    const tokenizer = await AlbertTokenizer.from_pretrained(path.join(folder, name));
    t.equal(tokenizer.vocab_size, 1000, name);
    const ids = tokenizer.encode('This is a test', { add_special_tokens: false });
    t.ok(ids.length > 3, `${name}: ${ids.join()}`);
    t.equal(tokenizer.decode(ids), 'this is a test', name);
  }
});

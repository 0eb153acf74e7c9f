// The package at run time: ES modules and CommonJS find the same classes through its exports.
import fs from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { runNode } from '../support/forward';
import { root } from './compile';

/** Every name of the public face that is a value; the type tests hold the types. */
const face = [
  'AlbertError',
  'AlbertForMaskedLM',
  'AlbertForMultipleChoice',
  'AlbertForPreTraining',
  'AlbertForQuestionAnswering',
  'AlbertForQuestionAnsweringV2',
  'AlbertForSequenceClassification',
  'AlbertForTokenClassification',
  'AlbertModel',
  'AlbertTokenizer',
  'AutoModel',
  'AutoModelForMaskedLM',
  'AutoModelForMultipleChoice',
  'AutoModelForPreTraining',
  'AutoModelForQuestionAnswering',
  'AutoModelForSequenceClassification',
  'AutoModelForTokenClassification',
  'AutoTokenizer',
  'Tensor',
  'env',
  'info',
  'pipeline',
];
const kernelFace = ['checkCase', 'listCases', 'timeCase'];

const script = `
import * as face from 'albert-native';
import { pipeline, AlbertModel, env } from 'albert-native';
import * as kernels from 'albert-native/kernels';
import manifest from 'albert-native/package.json' with { type: 'json' };
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const [common, commonKernels] = [require('albert-native'), require('albert-native/kernels')];
const differ = (names, left, right) => names.filter((name) => left[name] !== right[name]);
const names = (module) => Object.keys(module).filter((name) => /^[A-Za-z]/.test(name));
const shut = await import('albert-native/dist/native.js').catch(({ code }) => code);
console.log(JSON.stringify({
  names: names(common), kernelNames: names(commonKernels), version: manifest.version, shut,
  differ: [
    ...differ(names(common), face, common),
    ...differ(names(commonKernels), kernels, commonKernels),
  ],
  used: [typeof pipeline, typeof AlbertModel.from_pretrained, typeof env.cacheDir],
}));
`;

t.test('both module systems see one package', async (t) => {
  const folder = t.testdir({ 'main.mjs': script, node_modules: {} });
  fs.symlinkSync(root, path.join(folder, 'node_modules/albert-native'), 'dir');
  const { code, output, errors } = await runNode(['--no-warnings', path.join(folder, 'main.mjs')]);
  t.equal(code, 0, errors);
  const seen = JSON.parse(output) as Record<string, string[]>;
  t.same(face.filter((name) => !seen.names!.includes(name)), [], 'every name is exported');
  t.same(kernelFace.filter((name) => !seen.kernelNames!.includes(name)), [], 'kernels as well');
  t.same(seen.differ, [], 'import and require give the same objects');
  t.same(seen.used, ['function', 'function', 'string'], 'named imports work');
  t.equal(seen.shut, 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'there is no other door');
  t.match(seen.version, /^\d+\.\d+\.\d+/, 'package.json can be read');
});

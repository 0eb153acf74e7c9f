// The tests themselves type check; the runner only strips their types.
import path from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { complaints, root } from './compile';

t.test('the tests type check', async (t) => {
  const config = path.join(root, 'test/tsconfig.json');
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    path.dirname(config),
  );
  t.same(errors, [], 'test/tsconfig.json is sound');
  t.ok(fileNames.length > 20, `${fileNames.length} files`);
  t.same(complaints(fileNames, options), []);
});

// Compiles programs in memory, and says what the compiler says.
import path from 'node:path';
import ts from 'typescript';

export const root = path.join(__dirname, '../..');

/** The complaints about a program: "file:line: message" each. */
export function complaints(files: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files, options);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const name = file ? path.relative(root, file.fileName) : 'options';
    const line = file ? file.getLineAndCharacterOfPosition(start!).line + 1 : 0;
    return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

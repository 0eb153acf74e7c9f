// Finds the functions of a TypeScript or JavaScript file, with their lengths and parameters.
import ts from 'typescript';
import type { FunctionSize } from './cpp-functions';

/** All functions, methods and arrow functions, nested ones as well. */
export function scriptFunctions(file: string, text: string): FunctionSize[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const found: FunctionSize[] = [];
  const lineOf = (offset: number) => source.getLineAndCharacterOfPosition(offset).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const line = lineOf(node.getStart(source));
      const hasBody = 'body' in node && node.body !== undefined;
      const lines = hasBody ? lineOf(node.end) - line + 1 : 0;
      found.push({ line, lines, parameters: node.parameters.length });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

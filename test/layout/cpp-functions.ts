// Finds the functions of a C++ file: where each begins and ends, and how many parameters it takes.
import { lineAt } from './sources';

/** A function with a body (`lines` > 0) or a declaration (`lines` = 0). */
export interface FunctionSize {
  line: number;
  lines: number;
  parameters: number;
}

/** What a brace opens: a namespace or class, a function's body, or anything else. */
type Brace = 'scope' | 'function' | 'other';

const literals = new RegExp(
  [
    /\/\/[^\n]*/, // line comment
    /\/\*[\s\S]*?\*\//, // block comment
    /R"([^(\s]*)\([\s\S]*?\)\1"/, // raw string
    /"(?:\\.|[^"\\\n])*"/, // string
    /\b\d[\w'.]*/, // number, kept: its digit separators are no quotes
    /'(?:\\.|[^'\\\n])+'/, // character
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** The same text with comments, literals and preprocessor lines blanked out. */
export function codeOnly(text: string): string {
  const code = text.replace(literals, (match) => (/^\d/.test(match) ? match : blank(match)));
  return code.replace(/^[ \t]*#(?:\\\n|[^\n])*/gm, blank);
}

/** Functions at namespace and class level; lambdas count as part of the function around them. */
export function cppFunctions(text: string): FunctionSize[] {
  const code = codeOnly(text);
  const found: FunctionSize[] = [];
  const open: Brace[] = [];
  let [header, parentheses] = [0, 0];
  const record = (end: number) => {
    const label = /^(\s|\b(public|private|protected)\s*:)*/.exec(code.slice(header, end))![0];
    const line = lineAt(code, header + label.length);
    found.push({ line, lines: 0, parameters: countParameters(code.slice(header, end)) });
  };
  for (const { 0: sign, index } of code.matchAll(/[(){};]/g)) {
    const inside = open.at(-1) ?? 'scope';
    if (sign === '(') ++parentheses;
    if (sign === ')') --parentheses;
    if (sign === '{') {
      const opens = inside === 'scope' && !parentheses;
      const kind = opens ? classify(code.slice(header, index)) : 'other';
      open.push(kind);
      if (kind === 'function') record(index);
      if (kind === 'scope') header = index + 1;
    }
    if (sign === '}') {
      const closed = open.pop();
      if (closed === 'function') close(found, code, index);
      if (closed !== 'other') header = index + 1;
    }
    if (sign === ';' && inside === 'scope' && !parentheses) {
      if (isDeclaration(code.slice(header, index))) record(index);
      header = index + 1;
    }
  }
  return found;
}

/** Gives the function that was found last its length: up to the brace at `end`. */
function close(found: FunctionSize[], code: string, end: number): void {
  const last = found.at(-1)!;
  last.lines = lineAt(code, end) - last.line + 1;
}

/** What a brace opens, told from the text before it. */
function classify(header: string): Brace {
  const text = plain(header);
  if (/^(inline )?(namespace|extern)\b/.test(text)) return 'scope';
  if (/^(typedef )?(class|struct|union|enum)\b/.test(text) && !/\)( const)?$/.test(text)) {
    return 'scope';
  }
  const isMember = /\)( noexcept)? ?:(?!:)/.test(text) && /[:,] ?[\w:<>]+$/.test(text);
  if (isMember || /=$/.test(text)) return 'other';
  return text.includes('(') ? 'function' : 'other';
}

function isDeclaration(header: string): boolean {
  const text = plain(header);
  const name = /^[^(=]*[\w\]>] ?\(/.test(text);
  return name && !/^(static_assert|using|typedef|friend class)\b/.test(text);
}

/** A header without template parameters and access labels, spaces folded. */
function plain(header: string): string {
  const text = header.replace(/\s+/g, ' ').replace(/\b(public|private|protected) ?: ?/g, '').trim();
  const template = /^template ?</.exec(text);
  if (!template) return text;
  let [end, depth] = [template[0].length, 1];
  for (; depth > 0 && end < text.length; ++end) depth += step(text, end);
  return plain(text.slice(end));
}

/** +1 for an opening bracket, -1 for a closing one; the arrow `->` is none. */
function step(text: string, index: number): number {
  const sign = text[index]!;
  if ('([{<'.includes(sign)) return 1;
  return ')]}'.includes(sign) || (sign === '>' && text[index - 1] !== '-') ? -1 : 0;
}

function countParameters(header: string): number {
  const text = plain(header).replace('operator()', 'operator_call');
  const begin = text.search(/(?<!\b(?:alignas|decltype|explicit|requires|__attribute__) ?)\(/);
  let [count, depth] = [1, 1];
  for (let index = begin + 1; depth > 0 && index < text.length; ++index) {
    if (text[index] === ',' && depth === 1) ++count;
    depth += step(text, index);
  }
  return /^\( ?\)/.test(text.slice(begin)) ? 0 : count;
}

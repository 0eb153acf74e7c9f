// albert plot: the curves of one run or several as an SVG or HTML file.
import path from 'node:path';
import { writeAtomically } from '../../hub-cache.js';
import { UsageError } from '../failures.js';
import { drawRuns, escaped } from './plot/picture.js';
import { readLog } from './plot/read-log.js';

/** The options of the command. */
export interface PlotOptions {
  output: string;
  smooth: number;
  title?: string;
}

/** Draws the logs and prints where. */
export async function plot(logs: string[], { output, smooth, title }: PlotOptions): Promise<void> {
  const ending = path.extname(output).toLowerCase();
  if (ending !== '.svg' && ending !== '.html') {
    throw new UsageError(`--output ${output}: expected a file that ends in .svg or .html`);
  }
  const runs = [];
  for (const log of logs) runs.push(await readLog(log));
  const heading = title ?? runs.map(({ name }) => name).join(', ');
  const picture = drawRuns(runs, { title: heading, smooth });
  const text = ending === '.svg' ? picture : page(heading, picture);
  await writeAtomically(output, (write) => write(Buffer.from(text)));
  process.stdout.write(`${output}\n`);
}

function page(title: string, picture: string): string {
  const style =
    'body{margin:2rem auto;max-width:60rem;color-scheme:light dark}svg{width:100%;height:auto}';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>${style}</style>
${picture}</html>
`;
}

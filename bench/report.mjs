// What the benches print, and the sections of RESULTS.md that hold it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { benchFolder } from './contestants.mjs';
import { megabytes, number, percent, table } from './table.mjs';
import { bestRatio, ratio } from './trials.mjs';

const resultsFile = path.join(benchFolder, 'RESULTS.md');

/** Prints lines and remembers them, so that the file holds what the console showed. */
export class Printer {
  #lines = [];
  #silent;

  constructor({ silent = false } = {}) {
    this.#silent = silent;
  }

  print(...lines) {
    this.#lines.push(...lines);
    if (!this.#silent) lines.forEach((line) => console.log(line));
  }

  /** Puts what was printed into the file, in place of the section's last state. */
  save(section, command, picture) {
    const image = picture === undefined ? '' : `![${section}](${picture})\n\n`;
    const body = `${image}\`\`\`\n$ ${command}\n${this.#lines.join('\n')}\n\`\`\`\n`;
    writeSection(section, body);
  }
}

function writeSection(section, body) {
  const intro = '# Results\n\nThe console as printed, with machine, date and command.\n';
  const text = existsSync(resultsFile) ? readFileSync(resultsFile, 'utf8') : intro;
  const [head, ...sections] = text.split(/^(?=## )/m);
  const fresh = `## ${section}\n\n${body}`;
  const index = sections.findIndex((each) => each.startsWith(`## ${section}\n`));
  if (index < 0) sections.push(fresh);
  else sections[index] = fresh;
  writeFileSync(resultsFile, [head, ...sections].map((part) => `${part.trimEnd()}\n`).join('\n'));
}

/** The command as it was typed. */
export function typedCommand(script) {
  const words = process.argv.slice(2);
  return `npm run ${script}${words.length === 0 ? '' : ` -- ${words.join(' ')}`}`;
}

/** A workload's summaries, ours first, with the ratio to the best other one. */
export function contestRows(summaries) {
  const [ours, ...others] = summaries;
  const isOurs = ours.name === 'albert-native';
  return summaries.map((each, index) => [
    index === 0 ? each.title : '',
    each.name,
    [each.batching, each.variant].filter(Boolean).join(', '),
    number(each.milliseconds),
    percent(each.spread, 1),
    Math.round(each.tokens_per_second).toLocaleString('en-US'),
    each.error.toExponential(1),
    index === 0 && isOurs && others.length > 0 ? ratioText(bestRatio(ours, others)) : '',
  ]);
}

function ratioText({ against, ratio: value, lowest, highest }) {
  const range = `${lowest.toFixed(2)} to ${highest.toFixed(2)}`;
  return `${value.toFixed(2)}× ${against} (${range})`;
}

/** This engine's mixed batch in one call, against its texts one at a time. */
export function companyLines(dtype, [packed, alone]) {
  const { ratio: value, lowest, highest } = ratio(alone, packed);
  const rate = Math.round(packed.tokens_per_second).toLocaleString('en-US');
  return [
    '',
    `${dtype}, ${packed.name}, mixed texts in one call: ${number(packed.milliseconds)} ms, ` +
      `${rate} tokens/s`,
    `one at a time: ${number(alone.milliseconds)} ms; the call takes ${value.toFixed(3)} times ` +
      `as long (${lowest.toFixed(3)} to ${highest.toFixed(3)})`,
  ];
}

/** The lines of one dtype. */
export function contestLines(dtype, contests) {
  const titles = ['workload', 'engine', 'how', ' ms', ' spread', ' tokens/s', ' error', 'ratio'];
  const rows = contests.flatMap(contestRows);
  const others = Math.max(...contests.flat().map((each) => each.others));
  return [
    '',
    `${dtype}: medians; spread is (90th − 10th percentile) / median; ratio: ours to the best peer`,
    ...table(titles, rows),
    `Other programs took at most ${percent(others, 1)} of the processors during a turn.`,
  ];
}

/** First results, memory and sizes. */
export function footprintLines(footprints) {
  const rows = footprints.map((each) => [
    each.name,
    `${number(each.first_milliseconds)} ms`,
    megabytes(each.loaded),
    megabytes(each.resident),
    megabytes(each.peak),
    megabytes(each.own_bytes),
    megabytes(each.all_bytes),
  ]);
  const titles = ['engine', ' first result', ' loaded', ' after 1 × 128', ' peak', ' package'];
  return [
    '',
    'fp32: process start to the first result of 128 tokens (files cached), resident memory, and',
    'what a user installs (the package alone, and with all it depends on)',
    ...table([...titles, ' with all'], rows),
  ];
}

/** How the event loop fares under many callers. */
export function callersLines(results, { callers, seconds }) {
  const milliseconds = (value) => `${value.toFixed(1)} ms`;
  const rows = results.map((each) => [
    each.name,
    Math.round(each.tokens_per_second).toLocaleString('en-US'),
    ...[each.delay_p50, each.delay_p99, each.delay_max].map(milliseconds),
    ...[each.read_p50, each.read_max].map(milliseconds),
  ]);
  const titles = ['engine', ' tokens/s', ' delay p50', ' p99', ' max', ' readFile p50', ' max'];
  return [
    '',
    `fp32: ${callers} callers with one mixed text each for ${seconds} s, UV_THREADPOOL_SIZE=1:`,
    'delay of the event loop (monitorEventLoopDelay, resolution 1 ms) and of fs.readFile',
    ...table(titles, rows),
  ];
}

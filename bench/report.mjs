// Prints, remembers what was printed, and writes it into the sections of RESULTS.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { benchFolder } from './contestants.mjs';

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
  save(section, command, pictures = []) {
    const images = pictures.map((picture) => `![${section}](${picture})\n\n`).join('');
    const body = `${images}\`\`\`\n$ ${command}\n${this.#lines.join('\n')}\n\`\`\`\n`;
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

// A contestant: a process of its own that answers JSON lines, and is stopped while others run.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const alive = new Set();
let watchdog;

/** Tells the watchdog about a contestant. Ctrl-C does not reach it: it has its own group. */
function tellWatchdog(line) {
  if (watchdog === undefined) {
    const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'watchdog.mjs');
    const stdio = ['pipe', 'ignore', 'inherit'];
    watchdog = spawn(process.execPath, [script], { detached: true, stdio });
    watchdog.stdin.on('error', () => undefined); // it went first: then there is nobody to tell
    watchdog.unref();
    watchdog.stdin.unref();
  }
  watchdog.stdin.write(`${line}\n`);
}

process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(130));
}

/** An error that the contestant reported; `code` is its own, if it has one. */
export class ContestantError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

export class ContestantProcess {
  #child;
  #errors = '';
  #waiting = [];

  /** @param {string[]} command program and arguments @param {object} [options] of spawn */
  constructor([program, ...words], options = {}) {
    this.#child = spawn(program, words, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    alive.add(this.#child);
    if (this.pid !== undefined) tellWatchdog(`+${this.pid}`);
    this.#child.stderr.on('data', (chunk) => (this.#errors = (this.#errors + chunk).slice(-4000)));
    this.#child.stdin.on('error', () => undefined); // its end is told by 'close'
    // Libraries print on the same stream; answers are the lines that are objects.
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith('{"id":')) this.#settle(JSON.parse(line));
    });
    this.#child.once('error', (error) => this.#fail(error.message));
    this.#child.once('close', (code, signal) => {
      alive.delete(this.#child);
      if (this.pid !== undefined) tellWatchdog(`-${this.pid}`);
      this.#fail(`it ended with ${signal ?? code}\n${this.#errors}`);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Sends requests, waits for all answers, then stops the process with all its threads. */
  async ask(...requests) {
    this.#child.kill('SIGCONT');
    try {
      return await Promise.all(requests.map((request) => this.#send(request)));
    } finally {
      this.#child.kill('SIGSTOP');
    }
  }

  /** Ends the process, and waits until its memory is free. */
  async end() {
    if (!alive.has(this.#child)) return;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }

  /** Bytes resident now, and the most there ever were. */
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const bytes = (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  #send(request) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id: this.#waiting.length, ...request })}\n`);
    });
  }

  #settle({ result, error }) {
    const { resolve, reject } = this.#waiting.shift();
    if (error === undefined) resolve(result);
    else reject(new ContestantError(error.message, error.code));
  }

  #fail(reason) {
    for (const { reject } of this.#waiting.splice(0)) reject(new ContestantError(reason));
  }
}

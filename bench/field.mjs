// Who takes part: the contestants that are asked for, installed, and able to run a dtype.
import { contestants, missing } from './contestants.mjs';
import { number } from './table.mjs';
import { Entrant } from './trials.mjs';

/** Who needs this many times our time for one text is left out: it would take hours to measure. */
const patience = 8;

/**
 * @typedef {object} Bench what every part gets
 * @property {object} options as typed
 * @property {object} plan how often and how long things run
 * @property {import('./contestants.mjs').Contestant[]} field
 * @property {import('./report.mjs').Printer} printer
 * @property {(text: string) => void} log progress, on stderr
 */

/** The contestants of these names that are installed, ours first. */
export function present(names, printer) {
  return contestants.filter((contestant) => {
    if (!names.includes(contestant.name)) return false;
    const reason = missing(contestant);
    if (reason !== undefined) printer.print(`${contestant.name} is left out: ${reason}`);
    return reason === undefined;
  });
}

/**
 * Starts all variants of all contestants that have the dtype; empty where ours has not.
 *
 * @param {Bench} bench
 */
export async function enter(dtype, { field, options, printer }) {
  const entrants = [];
  let ours;
  for (const [contestant, variant] of variantsOf(dtype, field, printer)) {
    const entrant = new Entrant(contestant, variant, dtype);
    if (!(await loadUnlessUnavailable(entrant, options, printer))) {
      if (contestant.packs) return []; // without ours there is nothing to compare
      continue;
    }
    const milliseconds = await entrant.probe();
    if (contestant.packs) ours = milliseconds;
    if (milliseconds > patience * ours) {
      await entrant.end();
      printer.print(tooSlow(entrant, milliseconds, ours));
    } else entrants.push(entrant);
  }
  return entrants;
}

function tooSlow({ name, variant, dtype }, milliseconds, ours) {
  const times = `${number(milliseconds)} ms for 1 × 128, where ours takes ${number(ours)} ms`;
  return `${[name, dtype, variant].filter(Boolean).join(' ')} is left out: ${times}`;
}

function variantsOf(dtype, field, printer) {
  return field.flatMap((contestant) => {
    const variants = contestant.variants[dtype];
    if (typeof variants !== 'string') return variants.map((variant) => [contestant, variant]);
    printer.print(`${contestant.name} has no ${dtype}: ${variants}`);
    return [];
  });
}

async function loadUnlessUnavailable(entrant, options, printer) {
  try {
    await entrant.load(options);
    return true;
  } catch (error) {
    await entrant.end();
    if (error.code !== 'ERR_BACKEND') throw error;
    printer.print(`${entrant.name} ${entrant.dtype} is not available: ${error.message}`);
    return false;
  }
}

// What contests print: a table for each dtype, and the ratios that are wanted at the end.
import { number, percent, table } from './table.mjs';
import { bestRatio, ratio } from './trials.mjs';
import { companyCost, ratios, verdict } from './wanted.mjs';

const isOurs = ({ name }) => name === 'albert-native';

/** The lines of one dtype. */
export function contestLines(dtype, contests) {
  const titles = ['workload', 'engine', 'how', ' ms', ' spread', ' tokens/s', ' error', 'ratio'];
  const all = contests.flat();
  const others = Math.max(...all.map((each) => each.others));
  const notes = new Set(all.filter(({ note }) => note).map(({ name, note }) => `${name} ${note}.`));
  return [
    '',
    `${dtype}: medians; spread is (90th − 10th percentile) / median; ratio: ours to the best peer`,
    ...table(titles, contests.flatMap(contestRows)),
    ...notes,
    `Other programs took at most ${percent(others, 1)} of the processors during a turn.`,
  ];
}

/** A workload's summaries, ours first, with the ratio to the best other one. */
function contestRows(summaries) {
  const [ours, ...others] = summaries;
  const compared = isOurs(ours) && others.length > 0;
  return summaries.map((each, index) => [
    index === 0 ? each.title : '',
    each.name + (each.note ? ' *' : ''),
    [each.batching, each.variant].filter(Boolean).join(', '),
    number(each.milliseconds),
    percent(each.spread, 1),
    rate(each),
    each.error.toExponential(1),
    index === 0 && compared ? ratioText(bestRatio(ours, others)) : '',
  ]);
}

function ratioText({ against, ratio: value, lowest, highest }) {
  const range = `${lowest.toFixed(2)} to ${highest.toFixed(2)}`;
  return `${value.toFixed(2)}× ${against} (${range})`;
}

/** Every workload and dtype: ours to the best peer of the dtype, and what is wanted. */
export function ratioLines(contests) {
  const compared = contests.filter(([ours, ...others]) => isOurs(ours) && others.length > 0);
  if (compared.length === 0) return [];
  const rows = compared.map(([ours, ...others]) => {
    const { against, ratio: value } = bestRatio(ours, others);
    const least = ratios[ours.workload][ours.dtype];
    const note = others.find(({ name }) => name === against).note;
    const times = `${value.toFixed(2)}×`;
    const judged = verdict(`≥ ${least.toFixed(2)}×`, value >= least);
    return [ours.title, ours.dtype, rate(ours), times, against + (note ? ' *' : ''), judged];
  });
  const titles = ['workload', 'dtype', ' tokens/s', ' ratio', 'to the best peer', 'verdict'];
  return [
    '',
    'Ours to the best peer of the same dtype at its best batching; * computes in another dtype:',
    ...table(titles, rows),
  ];
}

/** This engine's mixed batch in one call, against its texts one at a time. */
export function companyLines(dtype, [packed, alone]) {
  const { ratio: value, lowest, highest } = ratio(alone, packed);
  const range = `${lowest.toFixed(3)} to ${highest.toFixed(3)}`;
  const limit = companyCost.toFixed(2);
  return [
    '',
    `${dtype}: mixed texts in one call ${number(packed.milliseconds)} ms (${rate(packed)} ` +
      `tokens/s), one at a time ${number(alone.milliseconds)} ms:`,
    `the call takes ${value.toFixed(3)} times as long (${range}); ` +
      verdict(`≤ ${limit}`, value <= companyCost),
  ];
}

const rate = ({ tokens_per_second }) => Math.round(tokens_per_second).toLocaleString('en-US');

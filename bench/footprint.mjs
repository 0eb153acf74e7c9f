// What an engine costs besides time: its start, its memory, its size on disk.
import { loadRequest, modelFolder, start } from './contestants.mjs';
import { installedSize } from './installed.mjs';
import { median } from './statistics.mjs';
import { megabytes, number, table } from './table.mjs';
import { firstResult, resident, verdict } from './wanted.mjs';
import { tokenIds } from './workloads.mjs';

/** More than 128 tokens of text, of which the tokenizer keeps 128. */
const longText = 'The plot is thin, but the actors carry it with charm and wit. '.repeat(12);

/**
 * Processes that start, load and compute once, all kinds in turns; the files are cached.
 *
 * @param {import('./field.mjs').Bench} bench
 */
export async function runFootprint({ field, options, plan, printer, log }) {
  const kinds = field.flatMap((contestant) => kindsOf(contestant, options));
  for (let i = 0; i <= plan.starts; ++i) {
    for (const kind of kinds) {
      log(`start ${i} of ${plan.starts}: ${kind.contestant.name} ${kind.dtype} ${kind.input}`);
      const seen = await startOnce(kind);
      if (i > 0) kind.starts.push(seen); // the first one reads the files into the cache
    }
  }
  const sizes = [];
  for (const contestant of field) {
    sizes.push({ name: contestant.name, ...(await installedSize(contestant)) });
  }
  const results = kinds.map(summary);
  printer.print(...footprintLines(results, plan.starts), ...sizeLines(sizes));
  return { starts: results, sizes };
}

/** Ours in every dtype, from token ids and from text; peers from token ids. */
function kindsOf(contestant, { threads, dtype: dtypes }) {
  const inputs = contestant.packs ? ['ids', 'text'] : ['ids'];
  return dtypes.flatMap((dtype) => {
    const [variant] = contestant.variants[dtype];
    if (typeof variant === 'string') return [];
    const load = loadRequest({ threads, dtype, variant });
    return inputs.map((input) => ({
      contestant,
      dtype,
      input,
      threads,
      load: input === 'text' ? { ...load, tokenizer: modelFolder } : load,
      calls: [input === 'text' ? [longText] : tokenIds([128])],
      starts: [],
    }));
  });
}

/** Milliseconds from the start of a process to its first result, and its memory by then. */
async function startOnce({ contestant, threads, load, calls }) {
  const begin = performance.now();
  const started = start(contestant, { threads });
  try {
    await started.ask(load);
    const loaded = started.memory().resident;
    const name = 'first';
    await started.ask({ method: 'prepare', name, calls }, { method: 'once', name });
    return { milliseconds: performance.now() - begin, loaded, ...started.memory() };
  } finally {
    await started.end();
  }
}

function summary({ contestant, dtype, input, starts }) {
  const middle = (name) => median(starts.map((seen) => seen[name]));
  return {
    name: contestant.name,
    ours: contestant.packs,
    dtype,
    input,
    first_milliseconds: middle('milliseconds'),
    loaded: middle('loaded'),
    resident: middle('resident'),
    peak: middle('peak'),
  };
}

function footprintLines(results, starts) {
  const rows = results.map((each) => [
    each.name,
    each.dtype,
    each.input,
    `${number(each.first_milliseconds)} ms`,
    ...[each.loaded, each.resident, each.peak].map(megabytes),
    each.ours ? verdicts(each) : '',
  ]);
  const titles = ['engine', 'dtype', 'from', ' first result', ' loaded', ' after 1 × 128', ' peak'];
  return [
    '',
    `Process start to the first result of 128 tokens, and resident memory: medians of ${starts}`,
    'processes (one before them read the files into the cache)',
    ...table([...titles, ''], rows),
  ];
}

function verdicts({ dtype, input, first_milliseconds, resident: bytes }) {
  const [time, memory] = [firstResult[dtype], resident[dtype]];
  const judged = [];
  if (input === 'text' && time !== undefined) {
    judged.push(verdict(`≤ ${time} ms`, first_milliseconds <= time));
  }
  if (input === 'ids' && memory !== undefined) {
    judged.push(verdict(`≤ ${memory / 1e6} MB`, bytes <= memory));
  }
  return judged.join(', ');
}

function sizeLines(sizes) {
  const rows = sizes.map(({ name, own_bytes, all_bytes }) => {
    return [name, megabytes(own_bytes), megabytes(all_bytes)];
  });
  const titles = ['engine', ' package', ' with all'];
  return ['', 'Installed: the package alone, and with all it depends on', ...table(titles, rows)];
}

// Draws curves as one SVG that reads on light and dark pages: a panel for each kind of number.
import { smooth, thin, ticks } from './smooth.js';
import type { Curve, RunLog } from './read-log.js';

/** What is drawn, and how. */
export interface PictureOptions {
  title: string;
  /** Mean of so many updates. */
  smooth: number;
}

const width = 760;
const left = 70;
const right = 24;
const panelHeight = 230;
const gap = 58;
/** Room for the title; below it a row of names for each four runs. */
const titleHeight = 34;
const rowHeight = 20;
const runsPerRow = 4;
const colors = ['#1971c2', '#d9480f', '#2f9e44', '#9c36b5', '#868e96', '#c2255c'];
/** Points of a drawn line. */
const mostPoints = 1200;

const captions: Record<string, string> = {
  loss: 'loss',
  mlm_loss: 'masked-LM loss',
  sop_loss: 'sentence-order loss',
  learning_rate: 'learning rate',
  grad_norm: 'gradient norm',
};

/** The picture of some runs. */
export function drawRuns(runs: readonly RunLog[], options: PictureOptions): string {
  const names = Object.keys(captions).filter((name) => runs.some(({ curves }) => curves.has(name)));
  const top = titleHeight + Math.ceil(runs.length / runsPerRow) * rowHeight + 30;
  const height = top + names.length * (panelHeight + gap);
  const last = Math.max(...runs.flatMap(({ curves }) => [...curves.values()].map(lastStep)));
  const panels = names.map((name, i) =>
    panel(runs, name, { ...options, y: top + i * (panelHeight + gap), last }),
  );
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12"`,
    ' fill="#808080">',
    text({ x: width / 2, y: 24, anchor: 'middle', size: 16 }, options.title),
    legend(runs),
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function lastStep({ steps }: Curve): number {
  return steps.at(-1) ?? 0;
}

interface PanelOptions extends PictureOptions {
  y: number;
  /** The last update of any run. */
  last: number;
}

interface Scale {
  x(step: number): number;
  y(value: number): number;
}

function panel(runs: readonly RunLog[], name: string, options: PanelOptions): string {
  const { y, last } = options;
  const isRate = name === 'learning_rate';
  const drawn = runs.map(({ curves }) => {
    const curve = curves.get(name);
    if (!curve) return undefined;
    const raw = thin(curve, mostPoints);
    return { raw, mean: thin(smooth(curve, isRate ? 1 : options.smooth), mostPoints) };
  });
  const [low, high] = rangeOf(drawn.flatMap((one) => one?.mean.values ?? []));
  const scale: Scale = {
    x: (step) => left + ((width - left - right) * step) / Math.max(1, last),
    y: (value) => y + panelHeight * (1 - (value - low) / (high - low)),
  };
  const means = isRate ? '' : ` (mean of ${options.smooth} updates)`;
  const clip = `clip-${name}`;
  const inner = `x="${left}" y="${y}" width="${width - left - right}" height="${panelHeight}"`;
  const lines = drawn.flatMap((one, i) => {
    if (!one) return [];
    const color = colors[i % colors.length]!;
    const faint = isRate
      ? []
      : [polyline(one.raw, scale, `stroke="${color}" stroke-opacity="0.18"`)];
    return [...faint, polyline(one.mean, scale, `stroke="${color}" stroke-width="2"`)];
  });
  return [
    text({ x: left, y: y - 10, anchor: 'start', size: 13 }, `${captions[name] ?? name}${means}`),
    `<clipPath id="${clip}"><rect ${inner}/></clipPath>`,
    grid({ low, high, last, y }, scale),
    `<g clip-path="url(#${clip})">`,
    ...lines,
    '</g>',
  ].join('\n');
}

/** A little more than the values cover. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const margin = (high - low || Math.abs(high) || 1) * 0.05;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
}

function grid(
  { low, high, last, y }: { low: number; high: number; last: number; y: number },
  scale: Scale,
): string {
  const rows = ticks(low, high, 5).map((value) => {
    const at = rounded(scale.y(value));
    const ends = `x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"`;
    const label = { x: left - 8, y: at + 4, anchor: 'end' } as const;
    return `<line ${ends} stroke="#808080" stroke-opacity="0.3"/>${text(label, shown(value))}`;
  });
  const columns = ticks(0, last, 8).map((step) => {
    const place = { x: scale.x(step), y: y + panelHeight + 18, anchor: 'middle' } as const;
    return text(place, Math.round(step).toLocaleString('en-US'));
  });
  const unit = { x: width - right, y: y + panelHeight + 34, anchor: 'end' } as const;
  return [...rows, ...columns, text(unit, 'updates')].join('\n');
}

function polyline({ steps, values }: Curve, scale: Scale, stroke: string): string {
  const points = steps.map(
    (step, i) => `${rounded(scale.x(step))},${rounded(scale.y(values[i]!))}`,
  );
  return `<polyline points="${points.join(' ')}" fill="none" ${stroke}/>`;
}

function legend(runs: readonly RunLog[]): string {
  return runs
    .map(({ name }, i) => {
      const x = left + (i % runsPerRow) * 165;
      const y = titleHeight + Math.floor(i / runsPerRow) * rowHeight;
      const color = colors[i % colors.length];
      const mark = `<rect x="${x}" y="${y}" width="12" height="12" fill="${color}"/>`;
      return mark + text({ x: x + 18, y: y + 11, anchor: 'start' }, name);
    })
    .join('\n');
}

interface TextPlace {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
  size?: number;
}

function text({ x, y, anchor, size = 12 }: TextPlace, content: string): string {
  const place = `x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" font-size="${size}"`;
  return `<text ${place}>${escaped(content)}</text>`;
}

/** A text that is safe between tags and in attributes. */
export function escaped(content: string): string {
  const names: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return content.replace(/[&<>"]/g, (character) => `&${names[character]};`);
}

const rounded = (value: number): number => Math.round(10 * value) / 10;

/** A number without the dust of binary fractions. */
function shown(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5))
    return Number(value.toPrecision(3)).toExponential();
  return String(Number(value.toPrecision(4)));
}

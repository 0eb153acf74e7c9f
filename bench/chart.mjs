// Line charts side by side, as one SVG that reads on light and dark pages.

const size = { width: 460, height: 300, left: 56, right: 16, top: 44, bottom: 44 };
const colors = ['#d9480f', '#1971c2', '#2f9e44', '#9c36b5', '#868e96'];

/**
 * @typedef {object} Point
 * @property {number} x drawn on a scale of powers of two
 * @property {Record<string, number>} rates by contestant; who is absent has no point here
 *
 * @param {string} title
 * @param {{ title: string, points: Point[] }[]} panels
 * @returns {string} the SVG
 */
export function chart(title, panels) {
  const names = Object.keys(panels[0].points[0].rates);
  const [width, height] = [size.width * panels.length, size.height + 56];
  const parts = panels.map((each, index) => {
    return `<g transform="translate(${index * size.width} 24)">${panel(each, names)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"`,
    ' font-family="sans-serif" font-size="12" fill="#808080">',
    text({ x: width / 2, y: 20, anchor: 'middle', size: 15 }, title),
    ...parts,
    legend(names, height - 14),
    '</svg>\n',
  ].join('\n');
}

function panel({ title, points }, names) {
  const highest = niceAbove(Math.max(...points.flatMap(({ rates }) => Object.values(rates))));
  const scale = scales(points, highest);
  const lines = names.map((name, index) => line(points, name, colors[index], scale));
  const middle = (size.left + size.width - size.right) / 2;
  return [
    grid(highest, scale),
    ...points.map(({ x }) => {
      return text({ x: scale.x(x), y: size.height - size.bottom + 16, anchor: 'middle' }, x);
    }),
    text({ x: middle, y: size.height - 8, anchor: 'middle' }, title),
    ...lines,
  ].join('\n');
}

/** Where a value lies in the picture. */
function scales(points, highest) {
  const logs = points.map(({ x }) => Math.log2(x));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const inner = size.width - size.left - size.right;
  const tall = size.height - size.top - size.bottom;
  return {
    x: (value) => size.left + (inner * (Math.log2(value) - low)) / (high - low || 1),
    y: (value) => size.top + tall * (1 - value / highest),
  };
}

function line(points, name, color, scale) {
  const known = points.filter(({ rates }) => rates[name] !== undefined);
  const places = known.map(({ x, rates }) => [scale.x(x), scale.y(rates[name])].map(rounded));
  const dots = places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${color}"/>`);
  const stroke = `fill="none" stroke="${color}" stroke-width="2"`;
  const path = places.map((place) => place.join(',')).join(' ');
  return `<polyline points="${path}" ${stroke}/>${dots.join('')}`;
}

function grid(highest, scale) {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => share * highest);
  return steps
    .map((value) => {
      const y = rounded(scale.y(value));
      const ends = `x1="${size.left}" x2="${size.width - size.right}" y1="${y}" y2="${y}"`;
      const label = { x: size.left - 8, y: y + 4, anchor: 'end' };
      const rule = `<line ${ends} stroke="#808080" stroke-opacity="0.3"/>`;
      return rule + text(label, Math.round(value).toLocaleString('en-US'));
    })
    .join('\n');
}

function legend(names, y) {
  return names
    .map((name, index) => {
      const x = size.left + index * 150;
      const mark = `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${colors[index]}"/>`;
      return mark + text({ x: x + 18, y, anchor: 'start' }, name);
    })
    .join('\n');
}

function text({ x, y, anchor, size: points = 12 }, content) {
  const place = `x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}"`;
  return `<text ${place} font-size="${points}">${content}</text>`;
}

/** The next 1, 2, 4 or 8 times a power of ten. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 8, 10].find((factor) => factor * power >= value);
}

const rounded = (value) => Math.round(10 * value) / 10;

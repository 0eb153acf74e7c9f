// Plain text tables, and numbers as people read them.

/**
 * @param {string[]} titles those that start with a space stand at the right, for numbers
 * @param {(string | number)[][]} rows
 * @returns {string[]} lines
 */
export function table(titles, rows) {
  const cells = [titles.map((title) => title.trim()), ...rows.map((row) => row.map(String))];
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) => {
    const parts = row.map((cell, column) => {
      const width = widths[column];
      return titles[column].startsWith(' ') ? cell.padStart(width) : cell.padEnd(width);
    });
    return parts.join('  ').trimEnd();
  };
  const [head, ...body] = cells.map(line);
  return [head, widths.map((width) => '-'.repeat(width)).join('  '), ...body];
}

/** 1,234 or 12.3 or 0.123: about as many digits as a measurement is worth. */
export function number(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

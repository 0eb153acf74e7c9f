// How results look to people: aligned columns, one line each, nothing that moves the cursor.

/** A text as one line that is safe to print. */
export function plain(text: string): string {
  // Control characters could move the cursor, bidirectional ones reorder what follows.
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, ' ').trim();
}

/** A probability with three digits. */
export function score(value: number, digits = 3): string {
  return value.toFixed(digits);
}

/** Rows as lines whose columns line up (all but the last are padded). */
export function table(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const cells of rows) {
    cells.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  }
  const lines = rows.map((cells) =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${indent}${line}\n`).join('');
}

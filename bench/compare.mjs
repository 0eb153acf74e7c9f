// Compares outputs before anything is timed: a wrong result has no speed.

/**
 * How far outputs may be from float32's: ‖a − b‖ / ‖b‖, and the cosine of a and b. Peers in int8
 * quantize activations once per tensor, which costs them what the last row allows.
 */
export const tolerances = {
  fp32: { norm: 1e-4, cosine: 0.999999 },
  bf16: { norm: 3e-2, cosine: 0.999 },
  int8: { norm: 1.5e-1, cosine: 0.99 },
};

/**
 * Outputs of a workload, in the order of its texts.
 *
 * @typedef {object} Outputs
 * @property {Float32Array} hidden (tokens, H)
 * @property {Float32Array} pooled (texts, H)
 */

/**
 * Puts the outputs of calls into the order of the texts.
 *
 * @param {Buffer} bytes hidden states of all rows, then pooled, as the drivers write them
 * @param {number[]} order which text each row is
 * @param {number[]} lengths of the texts
 * @returns {Outputs}
 */
export function inOrder(bytes, order, lengths) {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const flat = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const width = flat.length / (tokens + lengths.length);
  if (!Number.isInteger(width)) throw new Error(`${flat.length} numbers for ${tokens} tokens`);
  const starts = [];
  lengths.reduce((start, length, text) => ((starts[text] = start), start + length), 0);
  const hidden = new Float32Array(tokens * width);
  const pooled = new Float32Array(lengths.length * width);
  let read = 0;
  for (const text of order) {
    const count = lengths[text] * width;
    hidden.set(flat.subarray(read, read + count), starts[text] * width);
    read += count;
  }
  for (const text of order) {
    pooled.set(flat.subarray(read, read + width), text * width);
    read += width;
  }
  return { hidden, pooled };
}

/** Throws where outputs are further from the reference than their arithmetic explains. */
export function compare(outputs, reference, dtype, who) {
  const { norm, cosine } = tolerances[dtype];
  let worst = 0;
  for (const name of ['hidden', 'pooled']) {
    const error = distance(outputs[name], reference[name]);
    if (!(error.norm <= norm && error.cosine >= cosine)) {
      const found = `norm ${error.norm.toExponential(2)}, cosine ${error.cosine.toFixed(6)}`;
      throw new Error(`${who}: ${name} differs: ${found}; allowed are ${norm} and ${cosine}`);
    }
    worst = Math.max(worst, error.norm);
  }
  return worst;
}

function distance(a, b) {
  if (a.length !== b.length) throw new Error(`outputs of ${a.length} and ${b.length} numbers`);
  let difference = 0;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; ++i) {
    difference += (a[i] - b[i]) ** 2;
    product += a[i] * b[i];
    squaresA += a[i] ** 2;
    squaresB += b[i] ** 2;
  }
  const cosine = product / Math.sqrt(squaresA * squaresB);
  return { norm: Math.sqrt(difference / squaresB), cosine };
}

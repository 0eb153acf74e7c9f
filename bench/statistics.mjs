// Means, medians and quantiles.

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export const median = (values) => quantile(values, 0.5);

/** The value below which a share of the values lies, between neighbours in proportion. */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)];
  return low + (sorted[Math.ceil(place)] - low) * (place % 1);
}

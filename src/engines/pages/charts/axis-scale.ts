/** How the numbers along an axis become those that are drawn, and back. */
export interface AxisScale {
  place(value: number): number;
  valueAt(place: number): number;
}

const AS_THEY_ARE: AxisScale = { place: (value) => value, valueAt: (place) => place };

/** Beside others of size 1, so small a number is drawn as 0. */
const NOTHING = 1e-12;

/** What the chart library finds ticks for, with room to spare. */
const SMALLEST = 1e-12;
const LARGEST = 1e100;
const NARROWEST = 1e-9;

/**
 * Numbers that are tiny, near the ends of the range of doubles, or close together far from zero are drawn as
 * multiples of a power of ten, or of their range; what is nothing beside the largest is drawn as 0. The chart library
 * fails on such numbers.
 * @param values all that is drawn along the axis; what is not finite is passed over
 * @param fit the axis need not show zero
 */
export function axisScale(values: readonly number[], fit = false): AxisScale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (low > high || size === 0) return AS_THEY_ARE;
  // Halves, because the whole may overflow.
  const half = high / 2 - low / 2;
  if (fit && half > 0 && half < (size / 2) * NARROWEST) {
    return { place: (value) => (value - low) / half, valueAt: (place) => low + place * half };
  }
  const isUsual = size >= SMALLEST && size <= LARGEST;
  // A power below the normal numbers would be 0 or coarse.
  const unit = isUsual ? 1 : Math.max(10 ** Math.floor(Math.log10(size)), 1e-307);
  return {
    place: (value) => (Math.abs(value) < size * NOTHING ? 0 : value / unit),
    valueAt: (place) => place * unit,
  };
}

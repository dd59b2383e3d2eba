// Plain TypeScript of assembly/binning.ts.

/** Increasing thresholds between the distinct values, at most `maxBins - 1`; see `chooseThresholds` there. */
export function referenceThresholds(values: Float32Array, maxBins: number): number[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct = new Set(sorted).size;
  const thresholds: number[] = [];
  let rest = sorted.length;
  let binsLeft = maxBins;
  let held = 0;
  for (let i = 0; i < sorted.length; ) {
    let next = i + 1;
    while (next < sorted.length && sorted[next] === sorted[i]) next++;
    held += next - i;
    if (next >= sorted.length) break;
    if (distinct <= maxBins || (binsLeft > 1 && held * binsLeft >= rest)) {
      thresholds.push(between(sorted[i]!, sorted[next]!));
      binsLeft--;
      rest -= held;
      held = 0;
    }
    i = next;
  }
  return thresholds;
}

function between(low: number, high: number): number {
  const middle = Math.fround(Math.fround(low * 0.5) + Math.fround(high * 0.5));
  return middle >= low && middle < high ? middle : low;
}

/** The first bin whose threshold is not below the value; `thresholds.length + 1` for NaN. */
export function referenceBin(value: number, thresholds: readonly number[]): number {
  if (Number.isNaN(value)) return thresholds.length + 1;
  const bin = thresholds.findIndex((threshold) => value <= threshold);
  return bin < 0 ? thresholds.length : bin;
}

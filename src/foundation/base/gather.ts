/** The values at the given places. `Float64Array.from(places, (place) => values[place])` takes twenty times as long. */
export function gather(values: ArrayLike<number>, places: ArrayLike<number>): Float64Array {
  const gathered = new Float64Array(places.length);
  for (let i = 0; i < gathered.length; i++) gathered[i] = values[places[i]!]!;
  return gathered;
}

/** The finite values, as float64, in their order. */
export function finiteValues(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) kept[count++] = value;
  }
  return kept.subarray(0, count);
}

/** The values at the given places. `Float64Array.from(places, (place) => values[place])` takes twenty times as long. */
export function gather(values: ArrayLike<number>, places: ArrayLike<number>): Float64Array {
  const gathered = new Float64Array(places.length);
  for (let i = 0; i < gathered.length; i++) gathered[i] = values[places[i]!]!;
  return gathered;
}

/** The values that are no NaN, in their order. */
export function presentValues(values: Float64Array): Float64Array {
  const present = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i]!)) present[count++] = values[i]!;
  }
  return present.subarray(0, count);
}

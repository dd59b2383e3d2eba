/** How well every pixel is named: intersection over union, by class and on average. */

/** Pixels by class of one or several pictures. */
export interface PixelCounts {
  /** Truth and answer. */
  readonly shared: Float64Array;
  readonly inTruth: Float64Array;
  readonly inAnswer: Float64Array;
}

/** @param truth class of each pixel; `ignored` pixels count nowhere */
export function countPixels(
  truth: ArrayLike<number>,
  answered: ArrayLike<number>,
  classes: number,
  ignored = 255,
): PixelCounts {
  const counts = emptyCounts(classes);
  const { shared, inTruth, inAnswer } = counts;
  for (let k = 0; k < truth.length; k++) {
    const [wanted, said] = [truth[k]!, answered[k]!];
    if (wanted === ignored) continue;
    inTruth[wanted]!++;
    inAnswer[said]!++;
    if (wanted === said) shared[wanted]!++;
  }
  return counts;
}

const emptyCounts = (classes: number): PixelCounts => ({
  shared: new Float64Array(classes),
  inTruth: new Float64Array(classes),
  inAnswer: new Float64Array(classes),
});

/** Each picture as often as its weight says. */
export function sumOfCounts(
  pictures: readonly PixelCounts[],
  weights: ArrayLike<number>,
  classes: number,
): PixelCounts {
  const sum = emptyCounts(classes);
  for (const [row, counts] of pictures.entries()) {
    for (const name of ["shared", "inTruth", "inAnswer"] as const) {
      for (let k = 0; k < classes; k++) sum[name][k]! += weights[row]! * counts[name][k]!;
    }
  }
  return sum;
}

export interface MeanOverlap {
  /** Mean over the classes that occur, in truth or answer; NaN where none does. */
  readonly mean: number;
  /** NaN for a class that occurs in neither. */
  readonly byClass: readonly number[];
  /** Share of the pixels that are named rightly. */
  readonly accuracy: number;
}

/** Over all pixels of all pictures together, as Pascal VOC does (Everingham et al., 2010). */
export function overlapOf({ shared, inTruth, inAnswer }: PixelCounts): MeanOverlap {
  const byClass = Array.from(shared, (both, k) => both / (inTruth[k]! + inAnswer[k]! - both));
  const occurring = byClass.filter((value) => !Number.isNaN(value));
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  return {
    mean: sum(occurring) / occurring.length,
    byClass,
    accuracy: sum(shared) / sum(inTruth),
  };
}

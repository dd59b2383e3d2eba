/** How well every pixel is named: intersection over union, by class and on average. */

export interface MeanOverlap {
  /** Mean over the classes that occur, in truth or prediction; NaN where none does. */
  readonly mean: number;
  /** NaN for a class that occurs in neither. */
  readonly byClass: readonly number[];
  /** Share of the pixels that are named rightly. */
  readonly accuracy: number;
}

/**
 * Over all pixels of all images together, as Pascal VOC does (Everingham et al., 2010).
 * @param truth class of each pixel; `ignored` pixels count nowhere
 */
export function meanOverlap(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  ignored = 255,
): MeanOverlap {
  const shared = new Float64Array(classes);
  const inTruth = new Float64Array(classes);
  const inPrediction = new Float64Array(classes);
  let pixels = 0;
  for (let k = 0; k < truth.length; k++) {
    const [wanted, said] = [truth[k]!, predicted[k]!];
    if (wanted === ignored) continue;
    pixels++;
    inTruth[wanted]!++;
    inPrediction[said]!++;
    if (wanted === said) shared[wanted]!++;
  }
  const byClass = Array.from(shared, (both, k) => both / (inTruth[k]! + inPrediction[k]! - both));
  const occurring = byClass.filter((value) => !Number.isNaN(value));
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  return { mean: sum(occurring) / occurring.length, byClass, accuracy: sum(shared) / pixels };
}

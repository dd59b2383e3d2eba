/** Views of a feature frame (numbers, booleans and vectors only) as trainers need them. */
import type { Frame } from "./frame.js";

/** One feature: a strided view, `values[offset + row * stride]`. */
export interface FeatureView {
  readonly name: string;
  readonly values: Float32Array;
  readonly offset: number;
  readonly stride: number;
  /** Present for codes of unordered categories. */
  readonly categories?: readonly string[];
}

/**
 * The features of a frame in column order, vectors spread into their positions; the same order in which
 * `concatFeatures` joins the graph values, so index k here is input k of the exported model.
 * @throws Error for a column that is no feature: a bug of the caller.
 */
export function featureViews(frame: Frame): FeatureView[] {
  const views: FeatureView[] = [];
  for (const [name, column] of frame.columns) {
    if (column.kind === "number") {
      const categories = column.categories ? { categories: column.categories } : {};
      views.push({ name, values: asFloat32(column.values), offset: 0, stride: 1, ...categories });
    } else if (column.kind === "boolean") {
      views.push({ name, values: column.values, offset: 0, stride: 1 });
    } else if (column.kind === "vector") {
      for (let k = 0; k < column.width; k++) {
        views.push({
          name: column.names?.[k] ?? `${name}:${k}`,
          values: column.values,
          offset: k,
          stride: column.width,
        });
      }
    } else {
      throw new Error(
        `Column ${JSON.stringify(name)} is a ${column.kind}; trainers take numbers, booleans and vectors.`,
      );
    }
  }
  return views;
}

/** Row-major copy, `rows * width`, with the name of each position; errors as `featureViews`. */
export function denseRowMajor(frame: Frame): { values: Float32Array; width: number; names: string[] } {
  const views = featureViews(frame);
  const width = views.length;
  const values = new Float32Array(frame.rows * width);
  for (const [k, view] of views.entries()) {
    for (let row = 0; row < frame.rows; row++) {
      values[row * width + k] = view.values[view.offset + row * view.stride]!;
    }
  }
  return { values, width, names: views.map((view) => view.name) };
}

function asFloat32(values: Float32Array | Float64Array): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

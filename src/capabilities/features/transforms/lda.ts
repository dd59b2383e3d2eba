import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { symmetricEigen } from "../shared/eigen.js";
import { framePositions } from "../shared/positions.js";
import {
  applyProjection,
  centered,
  centers,
  crossProducts,
  emitProjection,
  type ProjectionState,
} from "../shared/projection.js";
import { targetClasses } from "../shared/target-classes.js";

const config = z.strictObject({
  components: z
    .number()
    .int()
    .min(1)
    .default(16)
    .register(fields, { title: "Most components", help: "Never more than classes less one." }),
});

/** Directions in which the classes' own spread is below this share of the largest are left out. */
const RANK_TOLERANCE = 1e-8;

/**
 * Fisher's linear discriminants: directions that set the classes apart most, relative to their own spread,
 * scaled to unit spread within classes as in scikit-learn. A regression target is cut into ten slices, which
 * makes it sliced inverse regression (K.-C. Li, 1991). Missing and infinite values count as the mean.
 */
export const lda = defineTransform<typeof config, ProjectionState>({
  id: "lda",
  version: 1,
  summary: "Linear discriminants: few directions that set the classes apart.",
  config,
  accepts: ["number", "boolean", "vector"],
  needsTarget: true,
  fit(frame, { components }, { target }) {
    const { codes, count } = targetClasses(target, 10);
    const positions = framePositions(frame);
    const width = positions.length;
    const center = centers(positions, frame.rows);
    const columns = positions.map((position, k) => centered(position, frame.rows, center[k]!));
    const { sizes, means } = classMeans(columns, codes, count);
    const present = sizes.filter((size) => size > 0).length;
    const whitened = withinWhitening(columns, codes, means);
    const rank = width === 0 ? 0 : whitened.length / width;
    if (rank === 0 || present < 2) return { center, components: new Float64Array() };

    // Class means in whitened space; their principal directions are the discriminants.
    const between = Array.from({ length: rank }, (_, row) =>
      Float64Array.from({ length: count }, (_unused, code) => {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += whitened[row * width + k]! * means[code * width + k]!;
        return sum * Math.sqrt(sizes[code]!);
      }),
    );
    const { values, vectors } = symmetricEigen(crossProducts(between), rank);
    const wanted = Math.min(components, present - 1, rank);
    const kept = Array.from({ length: wanted }, (_, index) => index).filter(
      (index) => values[index]! > values[0]! * RANK_TOLERANCE,
    );
    const flat = new Float64Array(kept.length * width);
    for (const index of kept) {
      for (let row = 0; row < rank; row++) {
        const weight = vectors[index * rank + row]!;
        for (let k = 0; k < width; k++) flat[index * width + k]! += weight * whitened[row * width + k]!;
      }
    }
    return { center, components: flat };
  },
  apply: (frame, state) => applyProjection(frame, "lda", state),
  emit: (graph, inputs, state) => emitProjection(graph, inputs, "lda", state),
});

/** `means` is row-major [classes, columns]. */
function classMeans(columns: readonly Float64Array[], codes: Int32Array, count: number) {
  const sizes = new Float64Array(count);
  for (const code of codes) sizes[code]!++;
  const means = new Float64Array(count * columns.length);
  for (const [k, column] of columns.entries()) {
    for (let row = 0; row < column.length; row++) means[codes[row]! * columns.length + k]! += column[row]!;
  }
  return {
    sizes,
    means: means.map((sum, index) => sum / Math.max(1, sizes[Math.floor(index / columns.length)]!)),
  };
}

/** Row-major [rank, columns]: a map after which the spread within classes is the identity. */
function withinWhitening(
  columns: readonly Float64Array[],
  codes: Int32Array,
  means: Float64Array,
): Float64Array {
  const width = columns.length;
  const residuals = columns.map((column, k) =>
    column.map((value, row) => value - means[codes[row]! * width + k]!),
  );
  const { values, vectors } = symmetricEigen(
    crossProducts(residuals).map((sum) => sum / Math.max(1, codes.length)),
    width,
  );
  const rank = values.filter((value) => value > (values[0] ?? 0) * RANK_TOLERANCE && value > 1e-30).length;
  const result = new Float64Array(rank * width);
  for (let row = 0; row < rank; row++) {
    const scale = Math.sqrt(values[row]!);
    for (let k = 0; k < width; k++) result[row * width + k] = vectors[row * width + k]! / scale;
  }
  return result;
}

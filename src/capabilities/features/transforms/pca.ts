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

const config = z.strictObject({
  components: z
    .number()
    .int()
    .min(1)
    .default(16)
    .register(fields, { title: "Most components", tune: { low: 2, high: 128, scale: "log", integer: true } }),
  varianceShare: z.number().positive().max(1).default(1).register(fields, {
    title: "Share of variance",
    help: "Stops at the component that reaches this share.",
  }),
  whiten: z
    .boolean()
    .default(false)
    .register(fields, { title: "Whiten", help: "Scales each component to variance 1." }),
});

/** Wider inputs take part by their positions of largest variance only: the eigenproblem is cubic. */
const WIDEST = 800;

/**
 * Principal components: directions of largest variance, signs as in scikit-learn. Missing and infinite values
 * count as the mean. Scale the inputs first if their units differ.
 */
export const pca = defineTransform<typeof config, ProjectionState>({
  id: "pca",
  version: 1,
  summary: "Principal components of all numbers together.",
  config,
  accepts: ["number", "boolean", "vector"],
  fit(frame, { components, varianceShare, whiten }) {
    const positions = framePositions(frame);
    const center = centers(positions, frame.rows);
    const columns = positions.map((position, k) => centered(position, frame.rows, center[k]!));
    const used = widestVariances(columns);
    const products = crossProducts(used.map((k) => columns[k]!));
    const { values, vectors } = symmetricEigen(products, used.length);
    const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
    const rows: Float64Array[] = [];
    let reached = 0;
    for (let index = 0; index < Math.min(components, values.length); index++) {
      // What is left is rounding noise.
      if (!(values[index]! > total * 1e-12)) break;
      const deviation = Math.sqrt(values[index]! / Math.max(1, frame.rows - 1));
      const row = new Float64Array(positions.length);
      for (const [place, k] of used.entries()) {
        row[k] = vectors[index * used.length + place]! / (whiten ? deviation : 1);
      }
      rows.push(row);
      reached += values[index]!;
      if (reached >= varianceShare * total) break;
    }
    const flat = new Float64Array(rows.length * positions.length);
    for (const [index, row] of rows.entries()) flat.set(row, index * positions.length);
    return { center, components: flat };
  },
  apply: (frame, state) => applyProjection(frame, "pca", state),
  emit: (graph, inputs, state) => emitProjection(graph, inputs, "pca", state),
});

/** Indices of the columns, ascending; the widest only where there are too many. */
function widestVariances(columns: readonly Float64Array[]): number[] {
  const all = columns.map((_, k) => k);
  if (columns.length <= WIDEST) return all;
  const squares = columns.map((column) => column.reduce((sum, value) => sum + value * value, 0));
  return all
    .sort((a, b) => squares[b]! - squares[a]! || a - b)
    .slice(0, WIDEST)
    .sort((a, b) => a - b);
}

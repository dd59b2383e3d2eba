import { z } from "zod";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { cast, joinMatrices } from "../../../foundation/contracts/graph.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { splitLike } from "../shared/emission.js";
import { sortedFinite } from "../shared/statistics.js";

interface ToFloat32State {
  /** Subtracted in float64 before rounding; the median. */
  readonly centers: Float64Array;
}

/**
 * Brings a float64 column whose values float32 would merge (identifiers, prices in cents, timestamps) to
 * float32 around its median, where float32 is finest.
 */
export const toFloat32 = defineTransform<z.ZodObject<Record<never, never>>, ToFloat32State>({
  id: "to-float32",
  version: 1,
  summary: "Centres a number column in float64, then rounds it to float32.",
  config: z.strictObject({}),
  accepts: ["number"],
  fit: (frame) => ({
    centers: Float64Array.from(frame.columns.values(), (column) => {
      if (column.kind !== "number" || column.values instanceof Float32Array) return 0;
      const center = quantileOfSorted(sortedFinite(column.values), 0.5);
      return Number.isFinite(center) ? center : 0;
    }),
  }),
  apply(frame, { centers }) {
    const columns = [...frame.columns].map(([name, column], k) => {
      if (column.kind !== "number") throw new Error(`Column ${name} is a ${column.kind}.`);
      const center = centers[k]!;
      return [name, { kind: "number", values: Float32Array.from(column.values, (x) => x - center) }] as const;
    });
    return createFrame(columns, frame.rows);
  },
  emit(graph, inputs, { centers }) {
    const joined = joinMatrices(
      graph,
      inputs.map((input) => cast(graph, input.value, "float64")),
    );
    const centered = graph.op("Sub", [joined, graph.constant("float64", [1, centers.length], centers)]);
    return splitLike(graph, cast(graph, centered, "float32"), inputs);
  },
});

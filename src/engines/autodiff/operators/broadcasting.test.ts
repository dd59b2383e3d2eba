import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { createGraph, Expressions, openBuiltModel } from "../../onnx/index.js";
import { gradients } from "../gradients.js";

const STEP = 2 ** -6;
type Operation = (x: Expressions, a: GraphValue, ...others: GraphValue[]) => GraphValue;

/** Slope of a weighted sum of the results along a random direction, by the gradients and by differences. */
async function slopes(shapes: readonly (readonly number[])[], operation: Operation, seed: number) {
  const random = createRandom(`${seed}`);
  const graph = createGraph({ name: "broadcasting" });
  const x = new Expressions(graph);
  const inputs = shapes.map((shape, k) => graph.input(`x${k}`, "float32", shape));
  const result = operation(x, inputs[0]!, ...inputs.slice(1));
  const weights = Array.from({ length: elementCount(result.shape as number[]) }, () => random.normal());
  const loss = x.sum(x.mul(result, graph.constant("float32", result.shape as number[], weights)));
  const back = gradients(graph, loss, inputs);
  graph.output("loss", loss);
  for (const [k, gradient] of back.entries()) {
    expect(gradient.shape).toEqual(shapes[k]);
    graph.output(`d${k}`, gradient);
  }
  // Inputs do not come near each other, so that extremes are not exchanged by the step.
  const values = shapes.map((shape, k) =>
    Array.from({ length: elementCount(shape) }, () => 0.6 + 1.5 * k + random.uniform()),
  );
  const directions = values.map((list) => list.map(() => random.normal()));
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  const at = (step: number) => {
    const feeds = values.map((list, k): [string, Tensor] => {
      const data = Float32Array.from(list, (value, i) => value + step * directions[k]![i]!);
      return [`x${k}`, { type: "float32", shape: shapes[k]!, data }];
    });
    return session.run(Object.fromEntries(feeds));
  };
  const [middle, above, below] = [await at(0), await at(STEP), await at(-STEP)];
  await session.close();
  const lossOf = (results: Record<string, Tensor>) => results.loss!.data[0] as number;
  const expected = (lossOf(above!) - lossOf(below!)) / (2 * STEP);
  const found = directions.reduce(
    (sum, direction, k) =>
      sum + direction.reduce((part, value, i) => part + value * (middle![`d${k}`]!.data[i] as number), 0),
    0,
  );
  return { found, expected };
}

/** Two or three shapes that broadcast together: each size of the result may be 1 or missing in any of them. */
const broadcastable = (count: number) =>
  fc
    .array(
      fc.record({
        size: fc.integer({ min: 1, max: 4 }),
        ones: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      }),
      { maxLength: 4 },
    )
    .chain((sizes) =>
      fc
        .array(fc.integer({ min: 0, max: sizes.length }), { minLength: count, maxLength: count })
        .map((missing) =>
          missing.map((cut, k) => sizes.map(({ size, ones }) => (ones[k] ? 1 : size)).slice(cut)),
        ),
    );

const binary =
  (op: string): Operation =>
  (x, a, b) =>
    x.graph.op(op, [a!, b!]);

const ELEMENTWISE: Record<string, { count: number; operation: Operation }> = {
  ...Object.fromEntries(
    ["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max"].map((op) => [op, { count: 2, operation: binary(op) }]),
  ),
  Where: {
    count: 3,
    operation: (x, { shape }, b, c) => {
      const sizes = shape as number[];
      const pattern = Array.from({ length: elementCount(sizes) }, (_, k) => k % 2);
      return x.where(x.graph.constant("bool", sizes, pattern), b!, c!);
    },
  },
  Sum: { count: 3, operation: (x, a, b, c) => x.graph.op("Sum", [a!, b!, c!]) },
  Expand: { count: 2, operation: (x, a, b) => x.mul(x.expand(a!, b!.shape as number[]), b!) },
};

const RUNS = { numRuns: 12, seed: 1 };

describe("gradients of broadcast values", () => {
  it.each(Object.entries(ELEMENTWISE))("%s, in every direction", async (_, { count, operation }) => {
    await fc.assert(
      fc.asyncProperty(broadcastable(count), fc.nat(), async (shapes, seed) => {
        // The loss depends on all inputs, and on each a second time.
        const used: Operation = (x, a, ...others) =>
          [a, ...others].reduce((sum, input) => x.add(sum, x.sum(input)), operation(x, a, ...others));
        const { found, expected } = await slopes(shapes, used, seed);
        expect(Math.abs(found - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(2e-3);
      }),
      RUNS,
    );
  });

  it("MatMul, with any batches and vectors", async () => {
    const matrices = fc.record({
      batches: broadcastable(2),
      sizes: fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 4 }))),
      vectors: fc.tuple(fc.boolean(), fc.boolean()),
    });
    await fc.assert(
      fc.asyncProperty(matrices, fc.nat(), async ({ batches, sizes, vectors }, seed) => {
        const [rows, inner, columns] = sizes as [number, number, number];
        const left = vectors[0] ? [inner] : [...batches[0]!, rows, inner];
        const right = vectors[1] ? [inner] : [...batches[1]!, inner, columns];
        const { found, expected } = await slopes([left, right], (x, a, b) => x.matmul(a!, b!), seed);
        expect(Math.abs(found - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(2e-3);
      }),
      { ...RUNS, numRuns: 40 },
    );
  });
});

import { expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { createVectorIndex } from "./vector-index.js";

const WIDTH = 7;
function vectors(rows: number, seed: string) {
  const random = createRandom(seed);
  return { values: Float32Array.from({ length: rows * WIDTH }, () => random.normal()), width: WIDTH };
}

function cosine(a: Float32Array, b: Float32Array): number {
  const product = (left: Float32Array, right: Float32Array) =>
    left.reduce((sum, value, k) => sum + value * right[k]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

it.each([1, 5, 300])("finds the %i nearest by their cosine", (count) => {
  const [catalogue, queries] = [vectors(211, "catalogue"), vectors(9, "queries")];
  const found = createVectorIndex(catalogue).nearest(queries, count);
  for (const [query, { rows, similarities }] of found.entries()) {
    const asked = queries.values.subarray(query * WIDTH, (query + 1) * WIDTH);
    const all = Array.from({ length: 211 }, (_, row) =>
      cosine(asked, catalogue.values.subarray(row * WIDTH, (row + 1) * WIDTH)),
    );
    const order = all.map((_, row) => row).sort((a, b) => all[b]! - all[a]!);
    expect([...rows]).toEqual(order.slice(0, count));
    for (const [k, row] of rows.entries()) expect(similarities[k]).toBeCloseTo(all[row]!, 5);
  }
});

it("gives equally near rows in their order, and 0 to rows without a direction", () => {
  const index = createVectorIndex({ values: Float32Array.of(0, 0, 2, 0, 0, 3, 1, 0), width: 2 });
  const [found] = index.nearest({ values: Float32Array.of(5, 0), width: 2 }, 4);
  expect([...found!.rows]).toEqual([1, 3, 0, 2]);
  expect([...found!.similarities]).toEqual([1, 1, 0, 0]);
  expect(
    createVectorIndex({ values: new Float32Array(0), width: 2 }).nearest(
      { values: Float32Array.of(1, 1), width: 2 },
      3,
    ),
  ).toHaveLength(1);
});

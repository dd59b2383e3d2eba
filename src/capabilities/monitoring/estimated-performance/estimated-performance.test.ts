import { expect, test } from "vitest";
import { createRandom } from "../../../foundation/base/random.js";
import { expectedMetric } from "./expected-metric.js";
import { nearestLosses } from "./nearest-losses.js";

const rows = 2000;
const random = createRandom("scores");
const positive = Float64Array.from({ length: rows }, () => random.uniform());
const probabilities = Float64Array.from({ length: 2 * rows }, (_, i) => {
  const share = positive[i >> 1]!;
  return i % 2 === 1 ? share : 1 - share;
});

test("requirement 23: the expected accuracy is the closed form of CBPE, and the band holds what happens", () => {
  const accuracy = (codes: Int32Array) =>
    codes.reduce((hits, code, row) => hits + (code === (positive[row]! >= 0.5 ? 1 : 0) ? 1 : 0), 0) / rows;
  const closed = positive.reduce((sum, share) => sum + Math.max(share, 1 - share), 0) / rows;
  const error = Math.sqrt(positive.reduce((sum, share) => sum + share * (1 - share), 0)) / rows;
  const request = { probabilities, classes: 2, metric: accuracy };
  const found = expectedMetric({ ...request, random: createRandom(0), draws: 400 });
  expect(Math.abs(found.value - closed)).toBeLessThan((3 * error) / Math.sqrt(400));
  expect(Math.abs((found.high - found.low) / (2 * 1.96 * error) - 1)).toBeLessThan(0.15);
  let inside = 0;
  for (let trial = 0; trial < 200; trial++) {
    const world = createRandom(`world ${trial}`);
    const realised = accuracy(Int32Array.from(positive, (share) => (world.uniform() < share ? 1 : 0)));
    if (realised >= found.low && realised <= found.high) inside += 1;
  }
  expect(inside / 200).toBeGreaterThan(0.9);
});

test("a metric that most draws leave undefined is undefined", () => {
  const metric = () => Number.NaN;
  const found = expectedMetric({ probabilities, classes: 2, metric, random: createRandom(0), draws: 10 });
  expect(found.value).toBeNaN();
});

test("nearest losses follow a loss that depends on where a point lies, also where points are few", () => {
  const points = (of: Random, from: number, to: number, count: number) => ({
    values: Float64Array.from({ length: count }, () => from + (to - from) * of.uniform()),
    ...{ rows: count, width: 1 },
  });
  type Random = ReturnType<typeof createRandom>;
  const reference = points(createRandom("reference"), 0, 10, 1000);
  const losses = reference.values.map((x) => x * x);
  const high = nearestLosses(reference, losses, points(createRandom("high"), 8, 10, 300));
  const mean = high.reduce((sum, loss) => sum + loss, 0) / 300;
  expect(Math.abs(mean / (244 / 3) - 1)).toBeLessThan(0.05);
  const own = nearestLosses(reference, losses, reference, true);
  const gap = own.reduce((sum, loss, row) => sum + loss - losses[row]!, 0) / 1000;
  expect(Math.abs(gap)).toBeLessThan(1);
  const one = { values: Float64Array.of(1, 2), rows: 2, width: 1 };
  expect(Array.from(nearestLosses(one, Float64Array.of(3, 5), one))).toEqual([4, 4]);
});

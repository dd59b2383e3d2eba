import { expect, it } from "vitest";
import { createRandom } from "../../../../foundation/base/random.js";
import { cooccurrenceVectors } from "./cooccurrence-vectors.js";

const [ROWS, LENGTH, VOCABULARY, WIDTH] = [200, 12, 45, 8];

/** Each text speaks of one of two subjects: pieces 1 to 20, or 21 to 40. */
function texts(): Int32Array {
  const random = createRandom("texts");
  return Int32Array.from({ length: ROWS * LENGTH }, (_, at) => {
    const subject = Math.floor(at / LENGTH) % 2;
    return at % LENGTH === LENGTH - 1 ? 0 : 1 + 20 * subject + random.integer(20);
  });
}

const learn = () =>
  cooccurrenceVectors(
    { type: "int32", shape: [ROWS, LENGTH], data: texts() },
    { vocabulary: VOCABULARY, width: WIDTH, random: createRandom("start"), checkpoint: async () => {} },
  );

it("brings pieces together that stand in the same company", async () => {
  const vectors = await learn();
  const cosine = (a: number, b: number): number => {
    let [product, squareOfA, squareOfB] = [0, 0, 0];
    for (let k = 0; k < WIDTH; k++) {
      const [x, y] = [vectors[a * WIDTH + k]!, vectors[b * WIDTH + k]!];
      product += x * y;
      squareOfA += x * x;
      squareOfB += y * y;
    }
    return product / Math.sqrt(squareOfA * squareOfB);
  };
  const [same, other] = [[] as number[], [] as number[]];
  for (let a = 1; a <= 40; a++)
    for (let b = a + 1; b <= 40; b++) (a <= 20 === b <= 20 ? same : other).push(cosine(a, b));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(same)).toBeGreaterThan(mean(other) + 0.2);
});

it("repeats itself, and gives pieces that never occur vectors like others", async () => {
  const vectors = await learn();
  expect(await learn()).toEqual(vectors);
  const square = (id: number) =>
    vectors.subarray(id * WIDTH, (id + 1) * WIDTH).reduce((sum, value) => sum + value ** 2, 0) / WIDTH;
  for (const id of [0, 7, 30, 44]) expect(Math.sqrt(square(id))).toBeCloseTo(0.1, 0.7);
});

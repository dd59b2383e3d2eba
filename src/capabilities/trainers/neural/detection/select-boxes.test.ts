import { describe, expect, it } from "vitest";
import { createGraph, openSession } from "../../../../engines/onnx/index.js";
import { createRandom } from "../../../../foundation/base/random.js";
import { selectBoxes } from "../../../../foundation/contracts/box-graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";

const CLASSES = 3;
const random = createRandom("boxes");

interface Candidate {
  readonly corners: readonly number[];
  readonly score: number;
  readonly code: number;
}

/** Clusters of boxes that repeat one another. */
const drawn = (count: number): Candidate[] =>
  Array.from({ length: count }, () => {
    const [x, y] = [0.1 + 0.2 * random.integer(4), 0.1 + 0.2 * random.integer(4)];
    const corners = [x, y, x + 0.2, y + 0.2].map((side) => Math.fround(side + 0.03 * random.normal()));
    const [left, top, right, bottom] = corners as [number, number, number, number];
    return {
      corners: [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)],
      score: Math.fround(random.uniform()),
      code: random.integer(CLASSES),
    };
  });

/** Greedy suppression as it is defined, one class after another. */
function expected(candidates: readonly Candidate[], overlap: number, least: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const one of candidates.filter(({ score }) => score > least).sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => other.code !== one.code || shared(other, one) <= overlap)) kept.push(one);
  }
  return kept;
}

function shared({ corners: a }: Candidate, { corners: b }: Candidate): number {
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  const both = width > 0 && height > 0 ? width * height : 0;
  const area = (c: readonly number[]) => (c[2]! - c[0]!) * (c[3]! - c[1]!);
  return both / (area(a) + area(b) - both);
}

async function selected(pictures: readonly Candidate[][], limit: number, leastScore: number) {
  const candidates = pictures[0]!.length;
  const graph = createGraph({ name: "boxes" });
  const inputs = {
    corners: graph.input("given-corners", "float32", ["N", candidates, 4]),
    scores: graph.input("given-scores", "float32", ["N", candidates]),
    classes: graph.input("given-classes", "int64", ["N", candidates]),
  };
  const made = selectBoxes(graph, inputs, {
    classCount: CLASSES,
    candidates,
    overlap: 0.4,
    leastScore,
    limit,
  });
  for (const [name, value] of Object.entries(made)) graph.output(name, value);
  const session = await openSession(graph.toBytes(), { threads: 1 });
  const all = pictures.flat();
  const shape = [pictures.length, candidates];
  const feeds: Record<string, Tensor> = {
    "given-corners": {
      type: "float32",
      shape: [...shape, 4],
      data: Float32Array.from(all.flatMap((c) => c.corners)),
    },
    "given-scores": { type: "float32", shape, data: Float32Array.from(all, (c) => c.score) },
    "given-classes": { type: "int64", shape, data: BigInt64Array.from(all, (c) => BigInt(c.code)) },
  };
  const result = await session.run(feeds);
  await session.close();
  return result;
}

describe("selectBoxes", () => {
  it("keeps what greedy suppression keeps, picture by picture, the surest first", async () => {
    const pictures = [drawn(80), drawn(80), drawn(80)];
    const { boxes, scores, classes } = await selected(pictures, 70, 0.2);
    for (const [row, candidates] of pictures.entries()) {
      const wanted = expected(candidates, 0.4, 0.2);
      expect(wanted.length).toBeLessThan(65);
      for (let k = 0; k < 70; k++) {
        const at = row * 70 + k;
        const corners = [...(boxes!.data as Float32Array).subarray(4 * at, 4 * at + 4)];
        const one = wanted[k];
        expect((scores!.data as Float32Array)[at]).toBe(one?.score ?? 0);
        expect(Number((classes!.data as BigInt64Array)[at])).toBe(one?.code ?? 0);
        const inside = one?.corners.map((side) => Math.fround(Math.min(1, Math.max(0, side))));
        expect(corners).toEqual(inside ?? [0, 0, 0, 0]);
      }
    }
  });

  it("answers only as many as asked for, and nothing where nothing is sure enough", async () => {
    const pictures = [drawn(30)];
    const few = await selected(pictures, 3, 0.2);
    expect([...(few.scores!.data as Float32Array)]).toEqual(
      expected(pictures[0]!, 0.4, 0.2)
        .slice(0, 3)
        .map(({ score }) => score),
    );
    const none = await selected(pictures, 5, 1);
    expect([...(none.scores!.data as Float32Array)]).toEqual([0, 0, 0, 0, 0]);
  });
});

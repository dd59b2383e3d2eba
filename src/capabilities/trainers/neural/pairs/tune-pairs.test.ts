import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trainingContext } from "../../../../../conformance/trainer.js";
import { pack } from "../../../../foundation/base/packing.js";
import { createRandom } from "../../../../foundation/base/random.js";
import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { readEncoder } from "../text/pretrained/read-encoder.js";
import { pairTuningConfig } from "./config.js";
import { vectorsOf } from "./encoded-texts.js";
import { type PairRows, tunePairs } from "./tune-pairs.js";

const source = { encoder: readEncoder("test/oracles/encoders/bert"), pooling: "mean" } as const;
const { width, vocabulary } = source.encoder.architecture;
const LENGTH = 12;
const TOPICS = 4;

/** Both texts of a pair are of one topic, in words of their own; with scores, half are of two. */
function pairsOf(
  rows: number,
  seed: string,
  isScored: boolean,
): PairRows & { topics: [Int32Array, Int32Array] } {
  const random = createRandom(seed);
  const text = (topics: Int32Array, words: number): TokensColumn => {
    const values = new Int32Array(rows * LENGTH);
    for (let row = 0; row < rows; row++) {
      const pieces = 4 + random.integer(LENGTH - 3);
      for (let k = 0; k < pieces; k++) {
        const own = words + 2 * topics[row]! + random.integer(2);
        values[row * LENGTH + k] = random.uniform() < 0.8 ? own : 1 + random.integer(8);
      }
    }
    return { kind: "tokens", values, length: LENGTH, vocabulary };
  };
  const left = Int32Array.from({ length: rows }, (_, row) => row % TOPICS);
  const right = left.map((topic) => (isScored && random.uniform() < 0.5 ? random.integer(TOPICS) : topic));
  const scores = Float64Array.from(left, (topic, row) => (topic === right[row] ? 1 : 0));
  return {
    first: text(left, 10),
    second: text(right, 18),
    topics: [left, right],
    ...(isScored ? { scores } : {}),
  };
}

type Encoder = typeof source.encoder;

const vectors = (encoder: Encoder, { values: data, length }: TokensColumn): Float32Array =>
  vectorsOf({ ...source, encoder }, { type: "int32", shape: [data.length / length, length], data });

/** Cosine of any two vectors, of many. */
function cosine(a: Float32Array, b: Float32Array, row: number, other: number): number {
  const [left, right] = [
    a.subarray(row * width, (row + 1) * width),
    b.subarray(other * width, (other + 1) * width),
  ];
  const product = left.reduce((sum, value, k) => sum + value * right[k]!, 0);
  return product / Math.hypot(...left) / Math.hypot(...right);
}

/** Mean cosine of texts of one topic less that of two. */
function gap(encoder: Encoder, { first, second, topics: [left, right] }: ReturnType<typeof pairsOf>): number {
  const [a, b] = [vectors(encoder, first), vectors(encoder, second)];
  const sums = { near: [0, 0], far: [0, 0] };
  for (const [row, topic] of left.entries()) {
    for (const [other, its] of right.entries()) {
      const sum = topic === its ? sums.near : sums.far;
      sum[0]! += cosine(a, b, row, other);
      sum[1]!++;
    }
  }
  return sums.near[0]! / sums.near[1]! - sums.far[0]! / sums.far[1]!;
}

const tune = (train: PairRows, settings: object) =>
  tunePairs(
    source,
    { train, judge: () => 0 },
    pairTuningConfig.parse({
      epochs: 10,
      minimumSteps: 1,
      learningRate: 1e-2,
      batchSize: 16,
      dropout: 0,
      ...settings,
    }),
    trainingContext(),
  );

const moved = ({ tensors }: Encoder): string[] =>
  Object.entries(source.encoder.tensors)
    .filter(([name, { values }]) => tensors[name]!.values.some((value, k) => value !== values[k]))
    .map(([name]) => name);

describe("tunePairs", () => {
  const scored = pairsOf(160, "scored", true);
  const fresh = pairsOf(120, "fresh", true);

  it.each(["ordered", "cosine", "contrastive"] as const)(
    "brings texts of one topic together: %s",
    async (loss) => {
      const { encoder } = await tune(scored, { loss });
      expect(gap(encoder, fresh)).toBeGreaterThan(gap(source.encoder, fresh) + 0.3);
    },
  );

  it("corrects matrices of the blocks alone with LoRA", async () => {
    const { encoder } = await tune(scored, { tuning: "lora", rank: 2, epochs: 2 });
    expect(moved(encoder).length).toBeGreaterThan(6);
    expect(moved(encoder).every((name) => /^block-\d\..*\.weight$/.test(name))).toBe(true);
  });

  it("learns with LoRA where the rate lets it: a high one makes all vectors equal", async () => {
    const lossOf = async (learningRate: number) => {
      const settings = { tuning: "lora", loss: "cosine", epochs: 20, learningRate };
      return (await tune(scored, settings)).diagnostics.curves!.trainLoss!;
    };
    const [calm, wild] = [await lossOf(2e-3), await lossOf(1e-2)];
    expect(calm.at(-1)).toBeLessThan(0.8 * calm[0]!);
    expect(wild.at(-1)).toBeGreaterThan(calm.at(-1)!);
  });

  it("learns from positive pairs alone, though batches hold a topic twice", async () => {
    const [train, test] = [pairsOf(160, "positive", false), pairsOf(64, "found", false)];
    const { encoder, loss } = await tune(train, {});
    expect(loss).toBe("ranked");
    expect(gap(encoder, test)).toBeGreaterThan(gap(source.encoder, test) + 0.3);
  });

  it("gives the same weights for a seed, keeps the best, and leaves frozen blocks alone", async () => {
    const settings = { epochs: 2, minimumSteps: 1, frozenLayers: 1 };
    const judged = async () =>
      tunePairs(
        source,
        { train: scored, validation: fresh, judge: (a) => Math.hypot(...a.subarray(0, 4)) },
        pairTuningConfig.parse({ ...settings, batchSize: 16 }),
        trainingContext(),
      );
    const [one, two] = [await judged(), await judged()];
    expect(Buffer.compare(pack(one.encoder.tensors), pack(two.encoder.tensors))).toBe(0);
    const names = moved(one.encoder);
    expect(names.length).toBeGreaterThan(5);
    expect(names.every((name) => name.startsWith("block-1."))).toBe(true);
  });

  it.each([
    ["full", "ranked", pairsOf(96, "again", false)],
    ["lora", "ordered", scored],
  ] as const)("goes on from a checkpoint to the same bytes: %s, %s", async (tuning, loss, train) => {
    const folder = mkdtempSync(join(tmpdir(), "tune-pairs-"));
    const config = pairTuningConfig.parse({ tuning, loss, epochs: 4, minimumSteps: 30, batchSize: 16 });
    const judge = (first: Float32Array) => Math.hypot(...first.subarray(0, 4));
    const tuned = async (context: Partial<TrainingContext>, look = judge) =>
      pack(
        (await tunePairs(source, { train, validation: fresh, judge: look }, config, trainingContext(context)))
          .encoder.tensors,
      );
    try {
      const whole = await tuned({});
      const checkpoints = { folder, identity: "pairs", leastMs: 0 };
      const controller = new AbortController();
      let looks = 0;
      const interrupted = (first: Float32Array) => {
        if (++looks === 3) controller.abort(new Error("enough"));
        return judge(first);
      };
      // Writing takes no time by this clock, so that every step is kept.
      const clock = { now: () => 0, elapsed: () => 0 };
      const { signal } = controller;
      await expect(tuned({ checkpoints, signal, clock }, interrupted)).rejects.toThrow("enough");
      expect(readdirSync(folder).length).toBeGreaterThan(0);
      let later = 0;
      const counted = (first: Float32Array) => {
        later++;
        return judge(first);
      };
      expect(Buffer.compare(await tuned({ checkpoints }, counted), whole)).toBe(0);
      expect(later).toBeLessThan(5);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pipelineFeeds } from "../../../../conformance/pipeline-feeds.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createGraph, openSession } from "../../../engines/onnx/index.js";
import { createRandom, type Random } from "../../../foundation/base/random.js";
import { denseRowMajor } from "../../../foundation/contracts/feature-matrix.js";
import { type Column, createFrame, type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import { concatFeatures } from "../../../foundation/contracts/graph.js";
import { declareInputs, planGraphInputs } from "../../../foundation/contracts/model-graph.js";
import {
  applyPipeline,
  createHostTransforms,
  createTransforms,
  describeColumns,
  emitPipeline,
  fitPipeline,
  graphInputs,
  planFeatures,
} from "../index.js";

const ROWS = 400;
const DAY = 86_400_000;
const transforms = createTransforms();

/** Columns whose quantiles lie close together, far apart, or on one another. */
const COLUMNS: Record<string, (random: Random, scale: number) => Column> = {
  heavyTail: (random, scale) => numbers(() => scale * Math.exp(8 * random.normal())),
  cauchy: (random, scale) => numbers(() => (scale * random.normal()) / random.normal()),
  narrow: (random, scale) => numbers(() => Math.fround(scale * 1e6) + random.integer(300) * 0.001 * scale),
  counts: (random) => numbers(() => Math.floor(Math.exp(2 * random.normal()))),
  mostlyZero: (random, scale) => numbers(() => (random.uniform() < 0.8 ? 0 : scale * random.normal())),
  holes: (random, scale) => numbers(() => (random.uniform() < 0.3 ? Number.NaN : scale * random.uniform())),
  days: (random) => dates(() => 1.5e12 + DAY * random.integer(3000)),
  weeks: (random) => dates(() => 1.6e12 + 7 * DAY * random.integer(30)),
  moments: (random) => dates(() => 1.7e12 + random.integer(DAY)),
  fineNumbers: (random) =>
    ({
      kind: "number",
      values: Float64Array.from({ length: ROWS }, () => 2 ** 40 + random.integer(1e6) / 64),
    }) as const,
};

function numbers(draw: () => number): Column {
  return { kind: "number", values: Float32Array.from({ length: ROWS }, draw) };
}
function dates(draw: () => number): Column {
  return { kind: "datetime", values: Float64Array.from({ length: ROWS }, draw) };
}

/** Greatest difference of the features from those of the graph, relative above 1, with the feature's name. */
async function greatestGap(frame: Frame): Promise<{ gap: number; feature: string }> {
  const train = takeRows(
    frame,
    Array.from({ length: ROWS / 2 }, (_, row) => row),
  );
  const limits = { rows: train.rows, task: "regression" as const, classes: 1 };
  const plan = planFeatures(describeColumns(train), "neural", limits);
  const { fitted } = fitPipeline(train, plan, { transforms, context: workContext("neural") });
  const { values, width, names } = denseRowMajor(applyPipeline(fitted, frame, transforms));
  const graph = createGraph({ name: "features" });
  const inputs = declareInputs(graph, planGraphInputs(graphInputs(fitted)));
  graph.output("features", concatFeatures(graph, emitPipeline(graph, inputs, fitted, transforms)));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  const made = (await session.run(pipelineFeeds(fitted, frame, createHostTransforms()))).features!;
  await session.close();
  let worst = { gap: 0, feature: "" };
  for (const [index, value] of values.entries()) {
    const distance = Math.abs(value - (made.data as Float32Array)[index]!) / Math.max(1, Math.abs(value));
    if (!(distance <= worst.gap)) worst = { gap: distance, feature: names[index % width]! };
  }
  return worst;
}

describe("features of networks", () => {
  it("are the same in the graph, however close the quantiles of a column lie", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: -6, max: 6 }),
        async (seed, power) => {
          const random = createRandom(seed);
          const columns = Object.entries(COLUMNS).map(
            ([name, draw]) => [name, draw(random, 10 ** power)] as const,
          );
          const { gap, feature } = await greatestGap(createFrame(columns, ROWS));
          expect({ feature, gap, isClose: gap <= 1e-6 }).toEqual({ feature, gap, isClose: true });
        },
      ),
      { numRuns: 15 },
    );
  });
});

import * as web from "onnxruntime-web";
import { expect, it } from "vitest";
import { pipelineFeeds } from "../../../../conformance/pipeline-feeds.js";
import { sampleFrame } from "../../../../conformance/transform-samples.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createGraph } from "../../../engines/onnx/index.js";
import { denseRowMajor } from "../../../foundation/contracts/feature-matrix.js";
import { concatFeatures } from "../../../foundation/contracts/graph.js";
import { declareInputs, planGraphInputs } from "../../../foundation/contracts/model-graph.js";
import {
  applyPipeline,
  createHostTransforms,
  createTransforms,
  emitPipeline,
  fitPipeline,
  graphInputs,
} from "../index.js";

const KINDS = ["number", "boolean", "category", "datetime", "text"] as const;
const numbers = ["number 0", "number 1"];
const categories = ["category 0", "category 1"];
const beside = { keepInputs: true };
const steps = [
  { transform: "tokens" },
  { transform: "tfidf", config: { maximumGram: 2, sublinear: true } },
  { transform: "datetime", config: { cyclic: true, indicator: true } },
  { transform: "impute", columns: [...numbers, ...categories, "datetime 0"] },
  { transform: "quantile", columns: numbers, config: { output: "normal" }, ...beside },
  { transform: "yeo-johnson", columns: numbers, ...beside },
  { transform: "log", columns: numbers, ...beside },
  { transform: "standard", columns: numbers },
  { transform: "robust", columns: numbers },
  { transform: "min-max", columns: ["number 0"], config: { clip: true } },
  { transform: "bin", columns: ["number 1"], ...beside },
  { transform: "interact", columns: numbers, config: { operations: ["ratio", "product"] }, ...beside },
  { transform: "clip", columns: numbers },
  { transform: "rare", columns: categories },
  { transform: "one-hot", columns: categories, ...beside },
  { transform: "frequency", columns: categories, ...beside },
  { transform: "ordinal", columns: categories },
  { transform: "pca", columns: numbers, ...beside },
];

it("the browser's WebAssembly runtime computes the same features", async () => {
  const transforms = createTransforms();
  const context = workContext("browser");
  const training = sampleFrame(KINDS, "training");
  const { fitted } = fitPipeline(
    training,
    { columns: [...training.columns.keys()], steps },
    { transforms, context },
  );
  const graph = createGraph({ name: "browser" });
  const inputs = declareInputs(graph, planGraphInputs(graphInputs(fitted)));
  const features = emitPipeline(graph, inputs, fitted, transforms);
  graph.output("features", concatFeatures(graph, features));
  web.env.wasm.numThreads = 1;
  const session = await web.InferenceSession.create(graph.toBytes(), { executionProviders: ["wasm"] });
  for (const name of ["training", "ugly", "unseen", "one-row"] as const) {
    const frame = sampleFrame(KINDS, name);
    const feeds = Object.entries(pipelineFeeds(fitted, frame, createHostTransforms())).map(
      ([tensor, { type, data, shape }]) => [tensor, new web.Tensor(type, data as never, shape)] as const,
    );
    const actual = (await session.run(Object.fromEntries(feeds))).features!.data as Float32Array;
    const { values, width, names } = denseRowMajor(applyPipeline(fitted, frame, transforms));
    expect(actual.length).toBe(values.length);
    const wrong = Array.from(values.keys()).filter((i) => !agree(values[i]!, actual[i]!));
    expect(wrong.map((i) => `${name}, row ${Math.floor(i / width)}, ${names[i % width]}`)).toEqual([]);
  }
  await session.release();
});

function agree(expected: number, actual: number): boolean {
  if (expected === actual || (Number.isNaN(expected) && Number.isNaN(actual))) return true;
  return Math.abs(expected - actual) <= 1e-5 * Math.max(1, Math.abs(expected));
}

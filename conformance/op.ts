/** What every derivative rule must hold: `opSuite(definition)` inside a test file. */
import { describe, expect, it } from "vitest";
import { createDifferentiableGraph } from "../src/engines/autodiff/differentiable-graph.js";
import { gradients } from "../src/engines/autodiff/gradients.js";
import type { OpDefinition, OpSample, SampleInput } from "../src/engines/autodiff/operators/definition.js";
import {
  createGraph,
  Expressions,
  type OnnxGraph,
  openBuiltModel,
  type Session,
} from "../src/engines/onnx/index.js";
import { createRandom, type Random } from "../src/foundation/base/random.js";
import { cast, type GraphValue } from "../src/foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../src/foundation/contracts/tensor.js";

const STEP = 1e-2;
const TOLERANCE = 1e-3;

export function opSuite(definition: OpDefinition): void {
  if (!("samples" in definition)) return;
  describe(`op ${definition.type}`, () => {
    it("has samples", () => expect(definition.samples.length).toBeGreaterThan(0));
    it.each(definition.samples.map((sample, index) => ({ index, sample })))(
      "agrees with finite differences on sample $index",
      async ({ sample, index }) => {
        const graphs = [createGraph({ name: definition.type })];
        if ("forward" in definition || "rewrite" in definition)
          graphs.push(createDifferentiableGraph(definition.type));
        for (const graph of graphs) {
          const random = createRandom(`${definition.type}/${index}`);
          const worst = await worstGradientError(graph, definition.type, sample, random);
          expect(worst).toBeLessThan(definition.tolerance ?? TOLERANCE);
        }
      },
    );
  });
}

/** Greatest difference of any derivative from the central difference, relative above 1. */
async function worstGradientError(
  graph: OnnxGraph,
  type: string,
  sample: OpSample,
  random: Random,
): Promise<number> {
  const x = new Expressions(graph);
  const inputs = sample.inputs.map((input, index) => declare(graph, input, `x${index}`));
  const free = inputs.filter((value, index) => value && isFree(sample.inputs[index])) as GraphValue[];
  const results = graph
    .node(type, inputs, sample.attributes ? { attributes: sample.attributes } : {})
    .slice(0, sample.outputs)
    .filter((value) => value.type === "float32" || value.type === "float64");
  const weights = results.map((value, k) => graph.input(`w${k}`, value.type, value.shape));
  // Each input is used twice, so that its derivatives must be added up.
  const terms = results.map((value, k) => cast(graph, x.sum(x.mul(value, weights[k]!)), "float32"));
  const again = free.map((value) => x.sum(x.mul(value, 0.25)));
  const loss = [...terms, ...again].reduce((sum, term) => x.add(sum, term));
  for (const [k, gradient] of gradients(graph, loss, free).entries()) graph.output(`d${k}`, gradient);
  for (const [k, value] of results.entries()) graph.output(`y${k}`, value);
  const session = await openBuiltModel(graph.toModel(), { threads: 1 });
  try {
    const feeds = feedsOf(sample, free, results, random);
    return await compare(session, feeds, free, results.length);
  } finally {
    await session.close();
  }
}

function declare(graph: OnnxGraph, input: SampleInput, name: string) {
  if (!input) return undefined;
  if (isFree(input)) return graph.input(name, "float32", input.shape);
  const {
    constant,
    type = "float32",
    shape,
  } = input as Exclude<SampleInput, undefined> & { constant: number[] } & {
    type?: "int64" | "int32" | "bool";
  };
  return graph.constant(type, shape, constant);
}

const isFree = (input: SampleInput): boolean => input !== undefined && !("constant" in input);

type Feeds = Record<string, Tensor & { readonly data: Float32Array | Float64Array }>;

function feedsOf(
  sample: OpSample,
  free: readonly GraphValue[],
  results: readonly GraphValue[],
  random: Random,
): Feeds {
  const feeds: Feeds = {};
  for (const [k, value] of free.entries()) {
    const input = sample.inputs[Number(value.name.slice(1))] as { shape: number[]; range?: [number, number] };
    feeds[value.name] = {
      type: "float32",
      shape: input.shape,
      data: spread(input, 0.3 + 0.5 * (k % 2), random),
    };
  }
  for (const [k, { type, shape }] of results.entries()) {
    const sizes = shape as number[];
    const values = Array.from({ length: elementCount(sizes) }, () => random.normal());
    feeds[`w${k}`] =
      type === "float64"
        ? { type, shape: sizes, data: Float64Array.from(values) }
        : { type: "float32", shape: sizes, data: Float32Array.from(values) };
  }
  return feeds;
}

/** Distinct values at equal distances, in random order; `shift` keeps those of two inputs apart as well. */
function spread(
  { shape, range = [-2, 2] }: { shape: readonly number[]; range?: readonly [number, number] },
  shift: number,
  random: Random,
): Float32Array {
  const count = elementCount(shape);
  const [low, high] = range;
  const values = Float32Array.from({ length: count }, (_, k) => low + ((high - low) * (k + shift)) / count);
  return random.shuffle(values);
}

async function compare(
  session: Session,
  feeds: Feeds,
  free: readonly GraphValue[],
  results: number,
): Promise<number> {
  const outputs = Array.from({ length: results }, (_, k) => `y${k}`);
  const objective = async (): Promise<number> => {
    const made = await session.run(feeds, outputs);
    let sum = 0;
    for (const [k, name] of outputs.entries()) {
      const values = made[name]!.data as Float32Array;
      for (let i = 0; i < values.length; i++) sum += values[i]! * feeds[`w${k}`]!.data[i]!;
    }
    for (const { name } of free) for (const value of feeds[name]!.data) sum += 0.25 * value;
    return sum;
  };
  const analytic = await session.run(feeds);
  let worst = 0;
  for (const [k, { name, shape }] of free.entries()) {
    const gradient = analytic[`d${k}`]!;
    expect(gradient.shape).toEqual(shape);
    const { data } = feeds[name]!;
    for (let i = 0; i < data.length; i++) {
      const middle = data[i]!;
      data[i] = middle + STEP;
      const [above, upper] = [await objective(), data[i]!];
      data[i] = middle - STEP;
      const [below, lower] = [await objective(), data[i]!];
      data[i] = middle;
      const expected = (above - below) / (upper - lower);
      const error = Math.abs((gradient.data[i] as number) - expected) / Math.max(1, Math.abs(expected));
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}

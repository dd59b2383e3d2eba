/** Weights that no step changes, as constants of the step's graph. */
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { type ModelProto, neededNodes, toTensorProto } from "../../onnx/index.js";
import type { ParameterSpecification } from "../parameters.js";
import type { TrainingDefinition } from "../training.js";
import { type BuiltStep, parameterInput } from "./step.js";

const PRODUCTS = new Set(["MatMul", "Gemm"]);

/**
 * Frozen matrices that products read on their right side: as constants the runtime lays them out for its kernels once,
 * not in every step (a tenth of a product). Each form of a step would hold a copy of its own, so with several there are none.
 */
export function fixedWeights(
  { parameters, forms = 1 }: Pick<TrainingDefinition, "parameters" | "forms">,
  { graph, loss, gradients }: Pick<BuiltStep, "graph" | "loss" | "gradients">,
): ParameterSpecification[] {
  const frozen = parameters.filter(({ role }) => role === "frozen");
  if (forms > 1 || frozen.length === 0) return [];
  const products = neededNodes(graph, [loss, ...gradients.values()]).filter(({ type }) => PRODUCTS.has(type));
  const rightSides = new Set(products.map(({ inputs }) => inputs[1]!.name));
  return frozen.filter(({ name, shape }) => shape.length === 2 && rightSides.has(parameterInput(name)));
}

/** Bytes that the runtime holds beside those of the weights themselves: laid out for the way forward and for the way back. */
export const fixedWeightBytes = (weights: readonly ParameterSpecification[]): number =>
  weights.reduce((bytes, { shape }) => bytes + 8 * elementCount(shape), 0);

/** The model with these parameters as constants instead of inputs. */
export function withFixedWeights(model: ModelProto, weights: readonly ParameterSpecification[]): ModelProto {
  if (weights.length === 0) return model;
  const { initializer = [], input = [], ...graph } = model.graph!;
  const constants = weights.map(({ name, shape, values }) =>
    toTensorProto(parameterInput(name), "float32", shape, typeof values === "function" ? values() : values),
  );
  const names = new Set(constants.map(({ name }) => name));
  return {
    ...model,
    graph: {
      ...graph,
      initializer: [...initializer, ...constants],
      input: input.filter(({ name }) => !names.has(name)),
    },
  };
}

import type {
  Dimension,
  ElementType,
  GraphBuilder,
  GraphColumn,
} from "../../../foundation/contracts/graph.js";
import { cast } from "../shared/emission.js";
import { slotName } from "./apply.js";
import { type FittedPipeline, type GraphInput, graphInputSlots, type TransformMap } from "./pipeline.js";
import { transformOf } from "./transform-map.js";

/** Declares one tensor [N,1] (a vector [N,width]) for each input, in order. */
export function declareInputs(graph: GraphBuilder, inputs: readonly GraphInput[]): GraphColumn[] {
  return inputs.map((input) => {
    const shape: Dimension[] = ["N", input.kind === "vector" ? input.width! : 1];
    return {
      name: input.column,
      kind: input.kind,
      value: graph.input(input.tensor, inputElementType(input), shape),
    };
  });
}

export function inputElementType({ kind, precision }: GraphInput): ElementType {
  switch (kind) {
    case "number":
      return precision ?? "float32";
    case "datetime":
      return "int64";
    case "category":
    case "text":
    case "id":
      return "string";
    default:
      return "float32";
  }
}

/**
 * Appends the pipeline to the graph. `inputs` are those of `declareInputs(graph, graphInputs(fitted))`.
 * @returns float32 feature columns, in the order of the feature frame.
 */
export function emitPipeline(
  graph: GraphBuilder,
  inputs: readonly GraphColumn[],
  fitted: FittedPipeline,
  transforms: TransformMap,
): GraphColumn[] {
  const columns: GraphColumn[] = [];
  for (const [index, slot] of graphInputSlots(fitted).entries()) columns[slot] = inputs[index]!;
  for (const step of fitted.steps) {
    if (step.host) continue;
    const transform = transformOf(transforms, step.transform);
    const stepInputs = step.inputs.map((slot) => ({ ...columns[slot]!, name: slotName(slot) }));
    const outputs = transform.emit!(graph, stepInputs, step.state);
    for (const [index, slot] of step.outputs.entries()) columns[slot] = outputs[index]!;
  }
  return fitted.features.map((slot) => ({
    name: fitted.slots[slot]!.label,
    kind: columns[slot]!.kind,
    value: cast(graph, columns[slot]!.value, "float32"),
  }));
}

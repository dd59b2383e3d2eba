import { cast, type GraphBuilder, type GraphColumn } from "../../../foundation/contracts/graph.js";
import { slotName } from "./apply.js";
import { type FittedPipeline, graphInputSlots, type TransformMap } from "./pipeline.js";
import { transformOf } from "./transform-map.js";

/**
 * Appends the pipeline to the graph. `inputs` are the columns of `graphInputs(fitted)`, declared in the graph.
 * @returns feature columns in the order of the feature frame: float32, but for images and tokens.
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
    value: featureValue(graph, columns[slot]!),
  }));
}

function featureValue(graph: GraphBuilder, { kind, value }: GraphColumn): GraphColumn["value"] {
  return kind === "image" || kind === "tokens" ? value : cast(graph, value, "float32");
}

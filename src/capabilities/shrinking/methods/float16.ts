/** Weights in half precision: half the file, read back as float32; arithmetic stays as it was. */
import { type ModelProto, narrowToHalf } from "../../../engines/onnx/index.js";
import { EditableModel, nodeOf } from "../editable-model.js";
import { LARGEST_HALF } from "../quantized-weights.js";
import type { Shrunk } from "../shrunk.js";

const SMALLEST_ELEMENTS = 64;

export function float16(source: ModelProto): Shrunk {
  const model = new EditableModel(source);
  const names = new Map<string, string>();
  for (const { name = "" } of source.graph?.initializer ?? []) {
    const weight = model.weight(name);
    if (!weight || weight.data.length < SMALLEST_ELEMENTS) continue;
    if (weight.data.some((value) => !(Math.abs(value) <= LARGEST_HALF))) continue;
    names.set(name, model.store(name, "float16", weight.shape, narrowToHalf(weight.data)));
  }
  const isRead = new Set<string>();
  model.rewrite((node) => {
    const first = (node.input ?? []).filter((name) => names.has(name) && !isRead.has(name));
    const reads = [...new Set(first)].map((name) => {
      isRead.add(name);
      const stored = names.get(name)!;
      return nodeOf({
        op: "Cast",
        inputs: [stored],
        outputs: [`${name}/single`],
        attributes: { to: { int: 1 } },
      });
    });
    const input = node.input?.map((name) => (names.has(name) ? `${name}/single` : name));
    return [...reads, input ? { ...node, input } : node];
  });
  return { model: model.finish(), changed: isRead.size };
}

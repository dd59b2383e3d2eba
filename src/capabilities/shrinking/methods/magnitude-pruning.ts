/** The smallest weights become 0 (Han et al., 2015): archives of the model get smaller, its arithmetic stays as it was. */
import type { ModelProto } from "../../../engines/onnx/index.js";
import { EditableModel } from "../editable-model.js";
import { productOf } from "../products.js";
import type { Shrunk } from "../shrunk.js";

/** @param share of the weights of each product that become 0, 0..1 */
export function pruneMagnitudes(source: ModelProto, share: number): Shrunk {
  const model = new EditableModel(source);
  const done = new Set<string>();
  for (const node of model.nodes) {
    const product = productOf(model, node);
    if (!product || done.has(product.weight.name)) continue;
    const { name, shape, data } = product.weight;
    const magnitudes = Float32Array.from(data, Math.abs).sort();
    const limit = magnitudes[Math.floor(share * data.length)] ?? Number.POSITIVE_INFINITY;
    const kept = data.map((value) => (Math.abs(value) < limit ? 0 : value));
    model.restore(name, shape, kept);
    done.add(name);
  }
  return { model: model.finish(), changed: done.size };
}

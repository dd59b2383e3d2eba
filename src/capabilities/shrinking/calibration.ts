/** The ranges that activations take on given rows. */

import { type ModelProto, openBuiltModel } from "../../engines/onnx/index.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";

export interface ActivationRange {
  readonly least: number;
  readonly greatest: number;
}

export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * @param share of the values that must lie inside, 1 = all (the minimum and maximum)
 * @param batches inputs of the model; each is run once
 */
export async function measureRanges(
  model: ModelProto,
  names: readonly string[],
  batches: readonly Feeds[],
  share: number,
): Promise<ReadonlyMap<string, ActivationRange>> {
  const inputs = new Set(model.graph?.input?.map(({ name }) => name));
  const inner = names.filter((name) => !inputs.has(name));
  const probes = inner.map((name) => ({ name, type: { tensorType: { elemType: 1 } } }));
  const known = new Set(model.graph?.output?.map(({ name }) => name));
  const output = [...(model.graph?.output ?? []), ...probes.filter(({ name }) => !known.has(name))];
  const session = await openBuiltModel({ ...model, graph: { ...model.graph, output } }, { threads: 1 });
  const found = new Map<string, ActivationRange[]>();
  try {
    for (const feeds of batches) {
      const results = await session.run(feeds, inner.length > 0 ? inner : undefined);
      for (const name of names) {
        const tensor = inputs.has(name) ? feeds[name] : results[name];
        if (tensor?.type !== "float32") continue;
        found.set(name, [...(found.get(name) ?? []), rangeOf(tensor.data, share)]);
      }
    }
  } finally {
    await session.close();
  }
  return new Map([...found].map(([name, ranges]) => [name, joined(ranges, share)]));
}

/** Of one batch: all values, or all but as many on each side as the share leaves out. */
function rangeOf(values: Float32Array, share: number): ActivationRange {
  if (share >= 1) {
    let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) {
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    return { least, greatest };
  }
  const sorted = Float32Array.from(values).sort();
  const left = Math.floor(((1 - share) / 2) * sorted.length);
  return { least: sorted[left]!, greatest: sorted[sorted.length - 1 - left]! };
}

/** Of all batches: their extremes, or the mean of their cut ranges, as extremes would undo the cut. */
function joined(ranges: readonly ActivationRange[], share: number): ActivationRange {
  const least = ranges.map((range) => range.least);
  const greatest = ranges.map((range) => range.greatest);
  if (share >= 1) return { least: Math.min(...least), greatest: Math.max(...greatest) };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { least: mean(least), greatest: mean(greatest) };
}

/** Mixup (Zhang et al., 2018): a network learns from rows between two rows, and what is true of them in the same share. */
import { z } from "zod";
import type { Expressions } from "../../../../engines/onnx/index.js";
import type { Random } from "../../../../foundation/base/random.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Batches } from "../batches.js";
import type { Scope, Values } from "../scope.js";

/** Name of what mixup adds to a batch: how much each row's own values count, float32 []. */
export const SHARE = "share";

/** @param what is mixed: "the vectors of pairs of texts" */
export const mixupField = (what: string) =>
  z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .register(fields, {
      title: "Mixup",
      help: `Alpha of the Beta distribution by which ${what} and their truth are mixed (Zhang et al., 2018); 0: none.`,
    });

/** The batches with the share of each step; the network mixes (`mixedRows`). Alpha 0: the batches as they are. */
export function mixedBatches(batches: Batches, alpha: number, random: Random): Batches {
  if (alpha === 0) return batches;
  return {
    ...batches,
    perStep: { ...batches.perStep, [SHARE]: { type: "float32", shape: [] } },
    inputs: (x, tensor, form) => ({ ...batches.inputs(x, tensor, form), [SHARE]: tensor(SHARE) }),
    async next(steps) {
      const shares = Float32Array.from({ length: steps }, () => symmetricBeta(alpha, random));
      return { ...(await batches.next(steps)), [SHARE]: shares };
    },
  };
}

/**
 * Each row of a value with the next one of its batch, where the batch has a share; as it is otherwise, so outside of training.
 * On what a network makes of texts (Guo et al., 2019) and in its layers (Verma et al., 2019) as well as on numbers.
 * @param values of the batch; @param axis of the rows
 */
export function mixedRows({ x }: Scope, value: GraphValue, values: Values, axis = 0): GraphValue {
  const share = values[SHARE];
  if (!share) return value;
  return x.add(x.mul(value, share), x.mul(nextRows(x, value, axis), x.sub(1, share)));
}

/** The rows of a batch, moved by one; of a single row itself. */
export function nextRows(x: Expressions, value: GraphValue, axis: number): GraphValue {
  const rows = Number(value.shape[axis]);
  if (rows === 1) return value;
  const [first, rest] = x.split(value, [1, rows - 1], axis);
  return x.concat([rest!, first!], axis);
}

/** Beta(alpha, alpha) for alpha in (0, 1] (Joehnk, 1964). */
export function symmetricBeta(alpha: number, random: Random): number {
  for (;;) {
    const [a, b] = [random.uniform() ** (1 / alpha), random.uniform() ** (1 / alpha)];
    if (a + b <= 1 && a + b > 0) return a / (a + b);
  }
}

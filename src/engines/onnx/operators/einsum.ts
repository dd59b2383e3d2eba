/** Einstein summation: which axis of which input an equation means. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { broadcast, fail, type OperatorCall, sameType, type TensorType } from "./operator.js";

/** One letter for each axis; axes of an ellipsis have letters that the equation does not use. */
export interface EinsumLabels {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const ELLIPSIS = "...";

/** @returns `undefined` for an equation that does not fit inputs of these ranks */
export function einsumLabels(equation: string, ranks: readonly number[]): EinsumLabels | undefined {
  const [left = "", right] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (terms.length !== ranks.length) return undefined;
  const lettersOf = (term: string): string[] => [...term.replace(ELLIPSIS, "")];
  const hidden = terms.map((term, k) => (term.includes(ELLIPSIS) ? ranks[k]! - lettersOf(term).length : 0));
  const depth = Math.max(0, ...hidden);
  const free = LETTERS.filter((letter) => !equation.includes(letter)).slice(0, depth);
  if (free.length < depth) return undefined;
  const spelled = (term: string, axes: number): string[] => {
    const at = term.indexOf(ELLIPSIS);
    if (at < 0) return [...term];
    return [...term.slice(0, at), ...free.slice(depth - axes), ...term.slice(at + ELLIPSIS.length)];
  };
  const inputs = terms.map((term, k) => spelled(term, hidden[k]!));
  if (inputs.some((labels, k) => labels.length !== ranks[k])) return undefined;
  if (right !== undefined) return { inputs, output: spelled(right, depth) };
  const letters = terms.flatMap(lettersOf);
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return { inputs, output: [...free, ...once] };
}

export function inferEinsum(call: OperatorCall): TensorType[] {
  const { equation } = call.attributes;
  if (!equation || !("string" in equation)) return fail(call, "the equation is missing");
  const shapes = call.inputs.map((input) => input?.shape ?? fail(call, "an input is missing"));
  const labels = einsumLabels(
    equation.string,
    shapes.map((shape) => shape.length),
  );
  if (!labels) return fail(call, `the equation ${equation.string} does not fit`);
  const sizes = new Map<string, Dimension>();
  for (const [k, shape] of shapes.entries()) {
    for (const [axis, size] of shape.entries()) {
      const label = labels.inputs[k]![axis]!;
      const known = sizes.get(label);
      sizes.set(label, known === undefined ? size : broadcast(call, [[known], [size]])[0]!);
    }
  }
  const shape = labels.output.map(
    (label) => sizes.get(label) ?? fail(call, `no input has the axis ${label}`),
  );
  return [{ type: sameType(call), shape }];
}

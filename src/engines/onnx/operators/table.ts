import { ELEMENTWISE } from "./elementwise.js";
import { LEARNING } from "./learning.js";
import { NUMERIC } from "./numeric.js";
import type { Operator, OperatorTable } from "./operator.js";
import { QUANTIZATION } from "./quantization.js";
import { SEQUENCES } from "./sequences.js";
import { SHAPES } from "./shapes.js";
import { WINDOWS } from "./windows.js";

/** Every op that Quern knows, by type; op types are unique across the two domains. */
export const OPERATORS = {
  ...ELEMENTWISE,
  ...SHAPES,
  ...NUMERIC,
  ...WINDOWS,
  ...QUANTIZATION,
  ...SEQUENCES,
  ...LEARNING,
} satisfies OperatorTable;

/** The name of an op that Quern knows. */
export type OperatorType = keyof typeof OPERATORS;

export function operatorOf(type: string): Operator | undefined {
  return Object.hasOwn(OPERATORS, type) ? OPERATORS[type as OperatorType] : undefined;
}

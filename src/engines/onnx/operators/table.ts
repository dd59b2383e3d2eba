import { ELEMENTWISE } from "./elementwise.js";
import { LEARNING } from "./learning.js";
import { NUMERIC } from "./numeric.js";
import type { Operator, OperatorTable } from "./operator.js";
import { SHAPES } from "./shapes.js";

/** Every op that Quern knows, by type; op types are unique across the two domains. */
export const OPERATORS: OperatorTable = { ...ELEMENTWISE, ...SHAPES, ...NUMERIC, ...LEARNING };

export function operatorOf(type: string): Operator | undefined {
  return Object.hasOwn(OPERATORS, type) ? OPERATORS[type] : undefined;
}

/** How parameters move along their gradients; each rule is a piece of the training graph. */
import type { Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions, Operand } from "../../onnx/index.js";

export interface Optimizer<Slot extends string = string, Scalar extends string = string> {
  /** Tensors that the rule carries from step to step for each parameter, 0 at first. */
  readonly slots: readonly Slot[];
  /** Of a slot for a parameter of this shape; `undefined`: it has none. Default: the parameter's own. */
  slotShape?<Size extends Dimension>(slot: Slot, shape: readonly Size[]): readonly (Size | 1)[] | undefined;
  /** The rule looks at rows, columns or norms. Absent: at each element alone, so tensors may be cut and joined. */
  readonly wholeTensors?: true;
  /**
   * Numbers that change from step to step, computed in float64 outside the graph. `step` counts from 1;
   * `learningRate` comes from the schedule.
   */
  scalars(step: number, learningRate: number): Readonly<Record<Scalar, number>>;
  update(x: Expressions, variable: Variable<Slot, Scalar>): Update<Slot>;
}

export interface Update<Slot extends string> {
  readonly parameter: GraphValue;
  readonly slots: Readonly<Partial<Record<Slot, GraphValue>>>;
}

export interface Variable<Slot extends string, Scalar extends string> {
  readonly parameter: GraphValue;
  readonly gradient: GraphValue;
  readonly slots: Readonly<Record<Slot, GraphValue>>;
  readonly scalars: Readonly<Record<Scalar, GraphValue>>;
  /** Times the learning rate; one number, or one for each element. */
  readonly rateFactor: Operand;
  /** Times the weight decay; one number, or one for each element. */
  readonly decayFactor: Operand;
}

/** The slots that a parameter of this shape has, with their shapes. */
export function slotShapes<Size extends Dimension>(
  optimizer: Optimizer,
  shape: readonly Size[],
): readonly (readonly [slot: string, shape: readonly (Size | 1)[]])[] {
  return optimizer.slots.flatMap((slot) => {
    const own = optimizer.slotShape ? optimizer.slotShape(slot, shape) : shape;
    return own ? [[slot, own] as const] : [];
  });
}

/** The value times a factor, without a node where that is 1. */
export const scaled = (x: Expressions, value: GraphValue, factor: Operand): GraphValue =>
  factor === 1 ? value : x.mul(value, factor);

/** Weight decay as a part of the gradient (L2 penalty), as optimizers before AdamW have it. */
export function penalized(
  x: Expressions,
  { parameter, gradient, decayFactor }: Variable<string, string>,
  weightDecay: number,
): GraphValue {
  if (weightDecay === 0) return gradient;
  return x.add(gradient, scaled(x, x.mul(parameter, weightDecay), decayFactor));
}

/**
 * Weight decay apart from the gradient (Loshchilov and Hutter, 2019).
 * @param decay learning rate times weight decay of the step
 */
export function decayed(
  x: Expressions,
  { parameter, rateFactor, decayFactor }: Variable<string, string>,
  decay: GraphValue | undefined,
): GraphValue {
  if (!decay) return parameter;
  return x.mul(parameter, x.sub(1, scaled(x, scaled(x, decay, decayFactor), rateFactor)));
}

/** Moving average: old times `kept` plus new times the rest. */
export const blended = (x: Expressions, old: GraphValue, next: GraphValue, kept: number): GraphValue =>
  x.add(x.mul(old, kept), x.mul(next, 1 - kept));

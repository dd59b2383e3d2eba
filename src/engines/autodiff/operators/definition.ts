/** What the table of derivatives says about each op. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { AttributeValue, Dimension, GraphValue } from "../../../foundation/contracts/graph.js";
import {
  type Expressions,
  type GraphNode,
  isStatic,
  type OnnxGraph,
  type OperatorType,
} from "../../onnx/index.js";

/** An op on its inputs, and the graph in which it is used. */
export interface OpUse {
  readonly graph: OnnxGraph;
  readonly x: Expressions;
  readonly node: Pick<GraphNode, "type" | "inputs" | "attributes">;
  /** Input 0. */
  readonly input: GraphValue;
}

/** One node and the graph that its derivative is appended to. */
export interface NodeUse extends OpUse {
  readonly node: GraphNode;
  /** Output 0. */
  readonly output: GraphValue;
}

/** The node on the way back. `c` is the cotangent of the first output, by which most rules are written. */
export interface Derivation extends NodeUse {
  readonly c: GraphValue;
  /** One for each output: derivative of the loss, in the shape of the output; absent where it does not reach it. */
  readonly cotangents: readonly (GraphValue | undefined)[];
}

/**
 * rows^T cotangents, of [n, K] and [n, M]: what comes back to a matrix [K, M] from `rows` times it. The products
 * of a matrix that is used again and again, as by the steps of a sequence, become one.
 */
export interface SummedProduct {
  readonly rows: GraphValue;
  readonly cotangents: GraphValue;
}

/**
 * Vector-Jacobian product: for each input the cotangent, in the input's shape or one it broadcasts to (the
 * driver sums over what was repeated); `undefined` where the output does not change with small changes of the
 * input. Only standard ONNX ops; nodes nobody asks for are dropped with the rest of the dead code.
 */
export type Vjp = (derivation: Derivation) => readonly (GraphValue | SummedProduct | undefined)[];

/**
 * The outputs of the node written with other ops of the table, whose rules then give the derivative;
 * `undefined` for an output through which no gradient can come.
 */
export type Composition = (use: NodeUse) => readonly (GraphValue | undefined)[];

/**
 * How a graph that will be differentiated computes the op: its outputs by other ops, then what the rule wants kept, which
 * it finds behind the outputs of its node. In other graphs the rule has to do without. `undefined`: by the op itself.
 */
export type KeepingForward = (use: OpUse) => readonly GraphValue[] | undefined;

/**
 * The same outputs by other ops, which a graph that will be differentiated has instead: the derivative follows those.
 * `undefined`: the op itself.
 */
export type Rewrite = (use: OpUse) => readonly GraphValue[] | undefined;

/** An input of a sample: values spread over a range in mixed order, or given ones that stay as they are. */
export type SampleInput =
  | { readonly shape: readonly number[]; readonly range?: readonly [number, number] }
  | {
      readonly constant: readonly number[];
      readonly shape: readonly number[];
      readonly type?: "int64" | "int32" | "bool";
    }
  | undefined;

/** A use of the op on which its rule is compared with finite differences. */
export interface OpSample {
  readonly inputs: readonly SampleInput[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** How many of the outputs the loss looks at; default all. */
  readonly outputs?: number;
}

/** Types and shapes come from the op's entry in `onnx/operators`, which the model check uses too. */
export type OpDefinition<Type extends string = OperatorType> = { readonly type: Type } & (
  | {
      readonly vjp: Vjp;
      readonly forward?: KeepingForward;
      readonly rewrite?: Rewrite;
      readonly samples: readonly OpSample[];
      /** Greatest error against finite differences in float32, relative above 1; default 1e-3. */
      readonly tolerance?: number;
    }
  | {
      readonly composition: Composition;
      readonly samples: readonly OpSample[];
      readonly tolerance?: number;
    }
  /** The derivative is 0 wherever there is one, or the result is no real number: gradients end here. */
  | { readonly piecewiseConstant: true }
  /** Why; a loss that needs it is refused by the op's name. */
  | { readonly notDifferentiable: string }
);

type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Text;
type Definitions<Types extends string> = {
  readonly [Type in Words<Types>]: OpDefinition<Type>;
};
type Rest<Type extends string> =
  OpDefinition<Type> extends infer Each
    ? Each extends { readonly type: string }
      ? Omit<Each, "type">
      : never
    : never;

export function defineOp<const Type extends OperatorType>(
  definition: OpDefinition<Type>,
): OpDefinition<Type> {
  return definition;
}

/** Ops that share a definition, by their names in one text. */
export function defineOps<const Types extends string>(
  types: Words<Types> extends OperatorType ? Types : never,
  rest: Rest<OperatorType>,
): Definitions<Types> {
  const entries = types.split(" ").map((type) => [type, { type, ...rest }] as const);
  // Names cut out of a text at run time are those that `Words` cuts out of its type.
  return Object.fromEntries(entries) as unknown as Definitions<Types>;
}

/** A part of a network that cannot be trained, by the name of its op. */
export function refusal({ type, outputs }: GraphNode, why: string): QuernError {
  return new QuernError("TRAINING_FAILED", `The op ${type} has no derivative: ${why}.`, {
    hint: "Keep the op out of the part of the network that is trained.",
    details: { operator: type, value: outputs[0]?.name },
  });
}

export function integerAttribute(node: OpUse["node"], name: string, fallback: number): number {
  const value = node.attributes[name];
  return value && "int" in value ? Number(value.int) : fallback;
}

export function integersAttribute(node: OpUse["node"], name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  return value && "ints" in value ? Array.from(value.ints as ArrayLike<number>, Number) : undefined;
}

export function floatAttribute(node: OpUse["node"], name: string, fallback: number): number {
  const value = node.attributes[name];
  return value && "float" in value ? value.float : fallback;
}

export function textAttribute(node: OpUse["node"], name: string, fallback: string): string {
  const value = node.attributes[name];
  return value && "string" in value ? value.string : fallback;
}

/** Of the first input; negative axes count from the end. */
export function axisAttribute({ node, input }: NodeUse, fallback: number): number {
  const axis = integerAttribute(node, "axis", fallback);
  return axis < 0 ? axis + input.shape.length : axis;
}

/** The numbers of an input that is a constant. @throws QuernError TRAINING_FAILED when it is none */
export function constantInput({ graph, node }: NodeUse, index: number): readonly number[] | undefined {
  const value = node.inputs[index];
  if (!value) return undefined;
  const contents = graph.contentsOf(value);
  if (contents?.every((item) => typeof item === "number")) return contents as readonly number[];
  throw refusal(node, `its input ${index} is no constant`);
}

/** @throws QuernError TRAINING_FAILED when a size is known only at run time */
export function staticSizes({ node }: NodeUse, shape: readonly Dimension[]): readonly number[] {
  if (isStatic(shape)) return shape;
  throw refusal(node, `it needs sizes that are known before it runs, not [${shape.join(", ")}]`);
}

/** Steeper than 1 / (the smallest number that is not subnormal). */
const STEEP = 3e38;

/** 1 where a value that is never negative is above 0, else 0: a steep HardSigmoid takes half the time of Sign. */
export function aboveZero({ graph }: NodeUse, value: GraphValue): GraphValue {
  if (value.type !== "float32") return graph.op("Sign", [value]);
  const attributes = { alpha: { float: STEEP }, beta: { float: 0 } };
  return graph.op("HardSigmoid", [value], { attributes });
}

/** Zeros in the shape of the value. */
export function zerosLike({ graph, x }: NodeUse, value: GraphValue): GraphValue {
  const zero = { tensor: { type: value.type, shape: [1], data: [0] } };
  return graph.op("ConstantOfShape", [x.shapeOf(value)], { attributes: { value: zero } });
}

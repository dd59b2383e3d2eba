/** What the table of derivatives says about each op. */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions, GraphNode, OnnxGraph, OperatorType } from "../../onnx/index.js";

/** One node on the way back. `c` is the cotangent of the first output, by which most rules are written. */
export interface Derivation {
  readonly graph: OnnxGraph;
  readonly x: Expressions;
  readonly node: GraphNode;
  /** Input 0 and output 0. */
  readonly input: GraphValue;
  readonly output: GraphValue;
  readonly c: GraphValue;
  /** One for each output: derivative of the loss, in the shape of the output; absent where it does not reach it. */
  readonly cotangents: readonly (GraphValue | undefined)[];
}

/**
 * Vector-Jacobian product: for each input the cotangent, in the input's shape or one it broadcasts to (the
 * driver sums over what was repeated); `undefined` where the output does not change with small changes of the
 * input. Only standard ONNX ops; nodes nobody asks for are dropped with the rest of the dead code.
 */
export type Vjp = (derivation: Derivation) => readonly (GraphValue | undefined)[];

/** An input of a sample: values spread over a range in mixed order, or given ones that stay as they are. */
export type SampleInput =
  | { readonly shape: readonly number[]; readonly range?: readonly [number, number] }
  | {
      readonly constant: readonly number[];
      readonly shape: readonly number[];
      readonly type?: "int64" | "bool";
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
      readonly samples: readonly OpSample[];
      /** Greatest error against finite differences in float32, relative above 1; default 2e-3. */
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
  return Object.fromEntries(entries) as unknown as Definitions<Types>;
}

export function integerAttribute(node: GraphNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  return value && "int" in value ? Number(value.int) : fallback;
}

export function floatAttribute(node: GraphNode, name: string, fallback: number): number {
  const value = node.attributes[name];
  return value && "float" in value ? value.float : fallback;
}

/** Of the first input; negative axes count from the end. */
export function axisAttribute({ node, input }: Derivation, fallback: number): number {
  const axis = integerAttribute(node, "axis", fallback);
  return axis < 0 ? axis + input.shape.length : axis;
}

/** The numbers of an input that is a constant. @throws Error when the rule cannot do without and it is none */
export function constantInput({ graph, node }: Derivation, index: number): readonly number[] | undefined {
  const value = node.inputs[index];
  if (!value) return undefined;
  const contents = graph.contentsOf(value);
  if (contents?.every((item) => typeof item === "number")) return contents as readonly number[];
  throw new Error(`The derivative of ${node.type} needs its input ${index} to be a constant.`);
}

/** Zeros in the shape of the value. */
export function zerosLike({ graph, x }: Derivation, value: GraphValue): GraphValue {
  const zero = { tensor: { type: value.type, shape: [1], data: [0] } };
  return graph.op("ConstantOfShape", [x.shapeOf(value)], { attributes: { value: zero } });
}

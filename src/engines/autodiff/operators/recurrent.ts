/**
 * GRU and RNN, unrolled on the way back only: forward the runtime's own kernel runs. As all states are known
 * then, gates of all steps are computed at once by one product, and a step of the way back is left with one small
 * product and a few elementwise ops; gradients of the weights are one product over all steps again (Appleyard,
 * Kocisky and Blunsom, 2016).
 */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, integerAttribute, type NodeUse, refusal, staticSizes } from "./definition.js";
import { isTurned, ordered, RECURRENT_INPUTS, zeroStates } from "./recurrent-sequences.js";

/** One direction, with time running forward; cotangents are absent where nothing came back. */
export interface Pass {
  /** [T, N, I]. */
  readonly input: GraphValue;
  /** States after each step, [T, N, H]. */
  readonly states: GraphValue;
  /** States before each step, [T, N, H]. */
  readonly previous: GraphValue;
  /** [gates H, I] and [gates H, H]. */
  readonly inputWeight: GraphValue;
  readonly stateWeight: GraphValue;
  /** [gates H] each. */
  readonly inputBias: GraphValue | undefined;
  readonly stateBias: GraphValue | undefined;
  /** Of `states`, by step, [1, N, H]; of the last state, [1, N, H]. */
  readonly toStates: readonly GraphValue[] | undefined;
  readonly toLast: GraphValue | undefined;
  /** 1 while a sequence lasts, then 0, by step, [1, N, 1]. */
  readonly mask: readonly GraphValue[] | undefined;
  readonly steps: number;
  readonly hidden: number;
}

/** Cotangents of one direction, shaped as in `Pass`. */
export interface PassGradients {
  readonly input: GraphValue;
  readonly inputWeight: GraphValue;
  readonly stateWeight: GraphValue;
  readonly inputBias: GraphValue;
  readonly stateBias: GraphValue;
  readonly firstState: GraphValue;
}

/** How one kind of layer goes back over one direction. */
export type BackwardPass = (d: Derivation, pass: Pass) => PassGradients;

const { weight: WEIGHT, stateWeight: STATE_WEIGHT, bias: BIAS, lengths: LENGTHS } = RECURRENT_INPUTS;
const { firstState: FIRST_STATE, peepholes: PEEPHOLES } = RECURRENT_INPUTS;

export function recurrentVjp(d: Derivation, backward: BackwardPass): (GraphValue | undefined)[] {
  const { x, node } = d;
  if (node.attributes.clip) throw refusal(node, "its states are clipped");
  if (node.inputs[PEEPHOLES]) throw refusal(node, "gates see the cell (peepholes)");
  const [directions] = staticSizes(d, [node.inputs[STATE_WEIGHT]!.shape[0]!]) as [number];
  const results = Array.from({ length: directions }, (_, direction) => {
    const turned = isTurned(d, direction);
    const result = backward(d, passOf(d, direction, turned));
    return { ...result, input: ordered(d, result.input, turned) };
  });
  const stacked = (of: (result: PassGradients) => GraphValue) =>
    x.concat(
      results.map((result) => x.unsqueeze(of(result), [0])),
      0,
    );
  const joined = (of: (result: PassGradients) => GraphValue) => x.concat(results.map(of), 0);
  const inputs = results.map(({ input }) => input);
  return [
    inputs.reduce((sum, input) => x.add(sum, input)),
    stacked(({ inputWeight }) => inputWeight),
    stacked(({ stateWeight }) => stateWeight),
    node.inputs[BIAS] && stacked(({ inputBias, stateBias }) => x.concat([inputBias, stateBias], 0)),
    undefined,
    node.inputs[FIRST_STATE] && joined(({ firstState }) => firstState),
  ];
}

function passOf(d: Derivation, direction: number, turned: boolean): Pass {
  const { graph, x, node, input, output } = d;
  const [steps, , batch, hidden] = staticSizes(d, output.shape) as [number, number, number, number];
  const rows = integerAttribute(node, "hidden_size", hidden);
  const [gates] = staticSizes(d, [node.inputs[STATE_WEIGHT]!.shape[1]!]) as [number];
  const pick = (value: GraphValue, axis: number) => x.gather(value, graph.scalar(direction, "int64"), axis);
  const inOrder = (value: GraphValue) => ordered(d, value, turned);
  const part = (index: number) => {
    const value = node.inputs[index];
    return value && pick(value, 0);
  };
  const last = (value: GraphValue | undefined) => value && x.unsqueeze(pick(value, 0), [0]);
  const states = inOrder(pick(output, 1));
  const first = last(node.inputs[FIRST_STATE]) ?? zeroStates(d, [1, batch, rows]);
  const previous = steps === 1 ? first : x.concat([first, x.split(states, [steps - 1, 1], 0)[0]!], 0);
  const [inputBias, stateBias] = node.inputs[BIAS] ? x.split(part(BIAS)!, [gates, gates], 0) : [];
  const back = d.cotangents[0];
  return {
    input: inOrder(input),
    states,
    previous,
    inputWeight: part(WEIGHT)!,
    stateWeight: part(STATE_WEIGHT)!,
    inputBias,
    stateBias,
    toStates: back && byStep(d, inOrder(pick(back, 1)), steps),
    toLast: last(d.cotangents[1]),
    mask: maskOf(d, steps),
    steps,
    hidden,
  };
}

function maskOf(d: Derivation, steps: number): readonly GraphValue[] | undefined {
  const { graph, x, node, input } = d;
  const lengths = node.inputs[LENGTHS];
  if (!lengths) return undefined;
  const times = graph.constant(
    "int32",
    [steps, 1, 1],
    Array.from({ length: steps }, (_, step) => step),
  );
  const lasts = x.greater(x.reshape(lengths, [1, -1, 1]), times);
  return byStep(d, x.indicator(lasts, input), steps);
}

/** [T, ...] as T values [1, ...]. */
export function byStep({ x }: NodeUse, value: GraphValue, steps: number): readonly GraphValue[] {
  return x.split(
    value,
    Array.from({ length: steps }, () => 1),
    0,
  );
}

/** value [T, N, K] times weight [rows, K] transposed, plus bias [rows]. */
export function projected(
  { x }: NodeUse,
  value: GraphValue,
  weight: GraphValue,
  bias: GraphValue | undefined,
) {
  const product = x.matmul(value, x.transpose(weight, [1, 0]));
  return bias ? x.add(product, bias) : product;
}

/** Sum over steps and rows of outer products: [R, K] of [T, N, R] and [T, N, K]. */
export function summedProducts({ graph, x }: NodeUse, left: GraphValue, right: GraphValue): GraphValue {
  const rows = (value: GraphValue) => x.reshape(value, [-1, Number(value.shape[2])]);
  return graph.op("Gemm", [rows(left), rows(right)], { attributes: { transA: { int: 1 } } });
}

/** What came back to the state after a step: from its output, and from the step behind it. */
export function arriving(
  { x }: NodeUse,
  { toStates, mask }: Pass,
  step: number,
  later: GraphValue | undefined,
) {
  const own = toStates?.[step];
  // A state beyond the end of its sequence was given out as 0.
  const counted = own && mask ? x.mul(own, mask[step]!) : own;
  return counted && later ? x.add(counted, later) : (counted ?? later);
}

/** Beyond the end of a sequence a state is the one before it: what came back goes on unchanged. */
export function passedOn(
  { x }: NodeUse,
  { mask }: Pass,
  step: number,
  inside: GraphValue,
  arrived: GraphValue,
): GraphValue {
  if (!mask) return inside;
  const lasting = mask[step]!;
  return x.add(x.mul(inside, lasting), x.mul(arrived, x.sub(1, lasting)));
}

/** Only default activations have rules; `names` for one direction. */
export function checkActivations({ node }: NodeUse, names: readonly string[]): void {
  const given = node.attributes.activations;
  if (!given || !("strings" in given)) return;
  const differs = given.strings.some(
    (name, k) => name.toLowerCase() !== names[k % names.length]!.toLowerCase(),
  );
  if (differs) throw refusal(node, `its activations are ${given.strings.join(", ")}`);
}

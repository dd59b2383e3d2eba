/** LSTM: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, integerAttribute, refusal } from "./definition.js";
import {
  arriving,
  byStep,
  checkActivations,
  type Pass,
  type PassGradients,
  passedOn,
  projected,
  recurrentVjp,
} from "./recurrent.js";
import { fromGates, logisticSlope, tanhSlope, timesGates } from "./recurrent-gates.js";

export function lstmVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Sigmoid", "Tanh", "Tanh"]);
  if (integerAttribute(d.node, "input_forget", 0) === 1) throw refusal(d.node, "its gates are coupled");
  return recurrentVjp(d, lstmBackward);
}

interface LstmSlopes {
  /** Of the sums of input, forget and cell gates, as factors of the cell's cotangent, [T, N, 3 H]. */
  readonly byCell: GraphValue;
  /** Of the sums of the output gate, as factor of the state's cotangent, [T, N, H]. */
  readonly byState: GraphValue;
  /** Of the cell, as factor of the state's cotangent, [T, N, H]. */
  readonly stateToCell: GraphValue;
  readonly forget: GraphValue;
}

/** Gates in the order of the standard: input, output, forget, cell. */
function lstmSlopes(d: Derivation, pass: Pass): LstmSlopes {
  const { x } = d;
  const { steps, hidden } = pass;
  const sums = x.add(
    projected(d, pass.input, pass.inputWeight, pass.inputBias),
    projected(d, pass.previous, pass.stateWeight, pass.stateBias),
  );
  const [logistic, cellSums] = x.split(sums, [3 * hidden, hidden], 2);
  const [enter, leave, forget] = x.split(x.apply("Sigmoid", logistic!), [hidden, hidden, hidden], 2);
  const candidate = x.apply("Tanh", cellSums!);
  const entering = byStep(d, x.mul(enter!, candidate), steps);
  const kept = byStep(d, forget!, steps);
  const first = pass.firstCell ?? x.mul(entering[0]!, 0);
  const cells = [first];
  for (let step = 0; step < steps; step++) {
    cells.push(x.add(x.mul(kept[step]!, cells[step]!), entering[step]!));
  }
  const before = x.concat(cells.slice(0, -1), 0);
  const curved = x.apply("Tanh", x.concat(cells.slice(1), 0));
  const toEnter = x.mul(candidate, logisticSlope(d, enter!));
  const toForget = x.mul(before, logisticSlope(d, forget!));
  const toCandidate = x.mul(enter!, tanhSlope(d, candidate));
  return {
    byCell: x.concat([toEnter, toForget, toCandidate], 2),
    byState: x.mul(curved, logisticSlope(d, leave!)),
    stateToCell: x.mul(leave!, tanhSlope(d, curved)),
    forget: forget!,
  };
}

/** Rows of four gates in another order; the output gate's first, or back in its place. */
function reordered(
  { x }: Derivation,
  value: GraphValue,
  hidden: number,
  order: readonly number[],
): GraphValue {
  const parts = x.split(value, [hidden, hidden, hidden, hidden], 0);
  return x.concat(
    order.map((gate) => parts[gate]!),
    0,
  );
}

/** With the output gate first, so that a step joins what comes by the state and by the cell without cutting. */
function lstmBackward(d: Derivation, pass: Pass): PassGradients {
  const { hidden } = pass;
  const order = [1, 0, 2, 3];
  const slopes = lstmSlopes(d, pass);
  const weights = {
    inputWeight: reordered(d, pass.inputWeight, hidden, order),
    stateWeight: reordered(d, pass.stateWeight, hidden, order),
  };
  const { toSums, ...first } = lstmSteps(d, { ...pass, ...weights }, slopes);
  const found = fromGates(d, { ...pass, ...weights }, toSums, toSums);
  const restored = (value: GraphValue) => reordered(d, value, hidden, order);
  return {
    ...first,
    input: found.input,
    inputWeight: restored(found.inputWeight),
    stateWeight: restored(found.stateWeight),
    inputBias: restored(found.inputBias),
    stateBias: restored(found.stateBias),
  };
}

/** Cotangents of the sums before the gates [T, N, 4 H], and of the state and cell before the first step. */
function lstmSteps(d: Derivation, pass: Pass, slopes: LstmSlopes) {
  const { x } = d;
  const { steps, hidden } = pass;
  const [byCell, byState, stateToCell, forget] = [
    slopes.byCell,
    slopes.byState,
    slopes.stateToCell,
    slopes.forget,
  ].map((value) => byStep(d, value, steps));
  const none = x.mul(stateToCell![0]!, 0);
  let toState: GraphValue | undefined = pass.toLast;
  let toCell: GraphValue = pass.toLastCell ?? none;
  const toSums: GraphValue[] = [];
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? none;
    const lasting = pass.mask?.[step];
    const reached = lasting ? x.mul(arrived, lasting) : arrived;
    const cell = x.add(toCell, x.mul(reached, stateToCell![step]!));
    const counted = lasting ? x.mul(cell, lasting) : cell;
    const byGates = timesGates(d, counted, byCell![step]!, hidden);
    const sums = x.concat([x.mul(reached, byState![step]!), byGates], 2);
    toSums.unshift(sums);
    toState = passedOn(d, pass, step, x.matmul(sums, pass.stateWeight), arrived);
    toCell = passedOn(d, pass, step, x.mul(cell, forget![step]!), toCell);
  }
  return { toSums: x.concat(toSums, 0), firstState: toState!, firstCell: toCell };
}

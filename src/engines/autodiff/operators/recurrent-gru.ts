/** GRU: Cho et al. (2014). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, integerAttribute } from "./definition.js";
import {
  arriving,
  byStep,
  checkActivations,
  type Pass,
  type PassGradients,
  passedOn,
  projected,
  recurrentVjp,
  summedProducts,
} from "./recurrent.js";
import { fromGates, logisticSlope, tanhSlope, timesGates } from "./recurrent-gates.js";

export function gruVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Sigmoid", "Tanh"]);
  const isResetFirst = integerAttribute(d.node, "linear_before_reset", 0) === 0;
  return recurrentVjp(d, isResetFirst ? gruResetFirstBackward : gruBackward);
}

/** Gates in the order of the standard: update, reset, candidate. Reset after the product, as PyTorch has it. */
function gruBackward(d: Derivation, pass: Pass): PassGradients {
  const { x } = d;
  const { steps, hidden, previous } = pass;
  const fromInput = projected(d, pass.input, pass.inputWeight, pass.inputBias);
  const fromState = projected(d, previous, pass.stateWeight, pass.stateBias);
  const [inputGates, inputCandidate] = x.split(fromInput, [2 * hidden, hidden], 2);
  const [stateGates, stateCandidate] = x.split(fromState, [2 * hidden, hidden], 2);
  const gates = x.apply("Sigmoid", x.add(inputGates!, stateGates!));
  const [update, reset] = x.split(gates, [hidden, hidden], 2);
  const candidate = x.apply("Tanh", x.add(inputCandidate!, x.mul(reset!, stateCandidate!)));
  const toCandidate = x.mul(x.sub(1, update!), tanhSlope(d, candidate));
  const toReset = x.mul(x.mul(toCandidate, stateCandidate!), logisticSlope(d, reset!));
  const toUpdate = x.mul(x.sub(previous, candidate), logisticSlope(d, update!));
  const inputSlopes = x.concat([toUpdate, toReset, toCandidate], 2);
  const stateSlopes = x.concat([toUpdate, toReset, x.mul(toCandidate, reset!)], 2);
  const [slopes, kept] = [byStep(d, stateSlopes, steps), byStep(d, update!, steps)];
  const arrivals: GraphValue[] = [];
  let toState: GraphValue | undefined = pass.toLast;
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? x.mul(kept[step]!, 0);
    arrivals.unshift(pass.mask ? x.mul(arrived, pass.mask[step]!) : arrived);
    const throughGates = x.matmul(timesGates(d, arrived, slopes[step]!, hidden), pass.stateWeight);
    toState = passedOn(d, pass, step, x.add(throughGates, x.mul(arrived, kept[step]!)), arrived);
  }
  const all = x.concat(arrivals, 0);
  const [toInputSums, toStateSums] = [inputSlopes, stateSlopes].map((each) =>
    timesGates(d, all, each, hidden),
  );
  return { ...fromGates(d, pass, toInputSums!, toStateSums!), firstState: toState! };
}

/** Reset before the product, as in the paper: the candidate sees (reset * state) R. */
function gruResetFirstBackward(d: Derivation, pass: Pass): PassGradients {
  const { x } = d;
  const { steps, hidden, previous } = pass;
  const [gateWeight, candidateWeight] = x.split(pass.stateWeight, [2 * hidden, hidden], 0);
  const biases = pass.stateBias ? x.split(pass.stateBias, [2 * hidden, hidden], 0) : [];
  const fromInput = projected(d, pass.input, pass.inputWeight, pass.inputBias);
  const [inputGates, inputCandidate] = x.split(fromInput, [2 * hidden, hidden], 2);
  const gates = x.apply("Sigmoid", x.add(inputGates!, projected(d, previous, gateWeight!, biases[0])));
  const [update, reset] = x.split(gates, [hidden, hidden], 2);
  const resetState = x.mul(reset!, previous);
  const candidate = x.apply(
    "Tanh",
    x.add(inputCandidate!, projected(d, resetState, candidateWeight!, biases[1])),
  );
  const [toCandidate, toUpdate, toReset, kept, resets] = [
    x.mul(x.sub(1, update!), tanhSlope(d, candidate)),
    x.mul(x.sub(previous, candidate), logisticSlope(d, update!)),
    x.mul(previous, logisticSlope(d, reset!)),
    update!,
    reset!,
  ].map((value) => byStep(d, value, steps));
  const [gateSums, candidateSums]: [GraphValue[], GraphValue[]] = [[], []];
  let toState: GraphValue | undefined = pass.toLast;
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? x.mul(kept![step]!, 0);
    const counted = pass.mask ? x.mul(arrived, pass.mask[step]!) : arrived;
    const sums = x.mul(counted, toCandidate![step]!);
    const toResetState = x.matmul(sums, candidateWeight!);
    const ofGates = x.concat([x.mul(counted, toUpdate![step]!), x.mul(toResetState, toReset![step]!)], 2);
    candidateSums.unshift(sums);
    gateSums.unshift(ofGates);
    const direct = x.add(x.mul(counted, kept![step]!), x.mul(toResetState, resets![step]!));
    toState = passedOn(d, pass, step, x.add(direct, x.matmul(ofGates, gateWeight!)), arrived);
  }
  const [toGates, toCandidates] = [x.concat(gateSums, 0), x.concat(candidateSums, 0)];
  const all = x.concat([toGates, toCandidates], 2);
  const ofGates = summedProducts(d, toGates, previous);
  const stateWeight = x.concat([ofGates, summedProducts(d, toCandidates, resetState)], 0);
  return { ...fromGates(d, pass, all, all), stateWeight, firstState: toState! };
}

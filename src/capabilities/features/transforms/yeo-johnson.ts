import { z } from "zod";
import { finiteValues } from "../../../foundation/base/gather.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineElementwise } from "../shared/elementwise.js";
import { where } from "../shared/emission.js";
import { minimize } from "../shared/minimize.js";
import { isConstant, mean, variance } from "../shared/statistics.js";

const config = z.strictObject({
  standardize: z.boolean().default(true).register(fields, {
    title: "Standardise",
    help: "Then subtract the mean and divide by the standard deviation.",
  }),
});

/** Closer than this to 0 (or 2), a power is its limit, the logarithm. */
const LOG_LIMIT = 1e-10;
/** The likelihood of more rows than this is computed from an even sample of the sorted values. */
const LIKELIHOOD_ROWS = 5000;

/**
 * Yeo and Johnson (2000), "A new family of power transformations to improve normality or symmetry". The power
 * (`lambda`) maximises the normal likelihood; 1 leaves a column as it is.
 */
export const yeoJohnson = defineElementwise({
  id: "yeo-johnson",
  version: 1,
  summary: "Power transform that makes a skewed column as normal as it can be; takes negative numbers too.",
  config,
  precision: "float64",
  parameters: ["lambda", "center", "scale"],
  fit(values, { standardize }) {
    const finite = finiteValues(values);
    const identity = { lambda: 1, center: 0, scale: 1 };
    if (finite.length === 0) return identity;
    const middle = mean(finite);
    const varies = !isConstant(variance(finite, middle), middle, finite.length);
    const lambda = varies ? settle(likeliestPower(finite)) : 1;
    if (!standardize) return { ...identity, lambda };
    const changed = finite.map((value) => power(value, lambda));
    const center = mean(changed);
    const spread = variance(changed, center);
    const scale = Math.sqrt(spread);
    if (!Number.isFinite(center) || !Number.isFinite(scale)) return identity;
    return { lambda, center, scale: isConstant(spread, center, changed.length) ? 1 : scale };
  },
  compute: (value, { lambda, center, scale }) => (power(value, lambda) - center) / scale,
  emit(graph, values, { lambda, center, scale }) {
    const scalar = (value: number) => graph.scalar(value, "float64");
    const [zero, one, two] = [scalar(0), scalar(1), scalar(2)];
    const isPositive = graph.op("Greater", [values, zero]);
    const isNegative = graph.op("Less", [values, zero]);
    // Both branches see only numbers they are defined for.
    const above = graph.op("Add", [where(graph, isPositive, values, zero), one]);
    const below = graph.op("Sub", [one, where(graph, isNegative, values, zero)]);
    const raise = (base: typeof values, exponent: typeof values) => {
      const isLog = graph.op("Equal", [exponent, zero]);
      const safe = where(graph, isLog, one, exponent);
      const raised = graph.op("Div", [graph.op("Sub", [graph.op("Pow", [base, safe]), one]), safe]);
      return where(graph, isLog, graph.op("Log", [base]), raised);
    };
    const lowered = graph.op("Neg", [raise(below, graph.op("Sub", [two, lambda]))]);
    const changed = where(graph, isPositive, raise(above, lambda), where(graph, isNegative, lowered, values));
    return graph.op("Div", [graph.op("Sub", [changed, center]), scale]);
  },
});

function power(value: number, lambda: number): number {
  if (value > 0) return lambda === 0 ? Math.log(value + 1) : ((value + 1) ** lambda - 1) / lambda;
  if (value < 0)
    return lambda === 2 ? -Math.log(1 - value) : -((1 - value) ** (2 - lambda) - 1) / (2 - lambda);
  return value;
}

/** Exactly 0 or 2 where that close, which the graph tests for. */
function settle(lambda: number): number {
  if (Math.abs(lambda) < LOG_LIMIT) return 0;
  return Math.abs(lambda - 2) < LOG_LIMIT ? 2 : lambda;
}

function likeliestPower(values: Float64Array): number {
  const sample = evenSample(values);
  const logs = sample.map((value) => Math.sign(value) * Math.log1p(Math.abs(value)));
  const jacobian = logs.reduce((sum, value) => sum + value, 0);
  const changed = new Float64Array(sample.length);
  const loss = (lambda: number): number => {
    for (let i = 0; i < logs.length; i++) {
      const logarithm = logs[i]!;
      const exponent = logarithm >= 0 ? lambda : lambda - 2;
      // expm1 keeps the digits that a power close to 1 would lose.
      changed[i] = exponent === 0 ? logarithm : Math.expm1(exponent * logarithm) / exponent;
    }
    const spread = variance(changed, mean(changed));
    const result = (sample.length / 2) * Math.log(spread) - (lambda - 1) * jacobian;
    return Number.isFinite(result) ? result : Number.POSITIVE_INFINITY;
  };
  return minimize(loss, -2, 2);
}

function evenSample(values: Float64Array): Float64Array {
  if (values.length <= LIKELIHOOD_ROWS) return values;
  const sorted = values.slice().sort();
  return Float64Array.from(
    { length: LIKELIHOOD_ROWS },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / LIKELIHOOD_ROWS)]!,
  );
}

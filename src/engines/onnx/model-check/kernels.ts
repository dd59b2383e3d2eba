/** Attributes that native kernels use as sizes or offsets without looking: they must fit the input. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { integer, listLength, type OperatorCall } from "../operators/operator.js";
import type { Attributes } from "./attributes.js";
import { type ModelPolicy, refuse } from "./policy.js";
import { checkModernTreeEnsemble, checkTreeEnsemble } from "./trees.js";

export function checkKernel(call: OperatorCall, policy: ModelPolicy): void {
  if (Object.hasOwn(CHECKS, call.type)) CHECKS[call.type]!(call, policy);
}

type Check = (call: OperatorCall, policy: ModelPolicy) => void;

function fault(call: OperatorCall, why: string): never {
  return refuse(`${call.type} is inconsistent: ${why}`);
}

/** Columns of the input matrix. */
function width(call: OperatorCall): number {
  const input: GraphValue | undefined = call.inputs[0];
  const size = input?.shape.at(-1);
  return typeof size === "number" ? size : fault(call, "the width of its input is unknown");
}

const labels = (call: OperatorCall): number =>
  Math.max(
    listLength(call, "classlabels_strings"),
    listLength(call, "classlabels_int64s"),
    listLength(call, "classlabels_ints"),
  );

function expectLength(call: OperatorCall, name: string, ...allowed: number[]): void {
  const length = listLength(call, name);
  if (!allowed.includes(length)) fault(call, `${name} has ${length} elements, not ${allowed.join(" or ")}`);
}

/** Rows of coefficients: one for each class, or a single one for two classes. */
const linearClassifier: Check = (call) => {
  const classes = labels(call);
  const rows = listLength(call, "coefficients") / width(call);
  if (rows !== classes && !(rows === 1 && classes === 2))
    fault(call, "coefficients do not fit classes and input");
  expectLength(call, "intercepts", 0, rows);
};

const linearRegressor: Check = (call) => {
  const targets = integer(call, "targets", 1);
  expectLength(call, "coefficients", targets * width(call));
  expectLength(call, "intercepts", 0, targets);
};

const supportVectorClassifier: Check = (call) => {
  const classes = labels(call);
  const perClass = call.attributes.vectors_per_class;
  const counts = perClass && "ints" in perClass ? Array.from(perClass.ints as ArrayLike<number>, Number) : [];
  if (counts.some((count) => count < 0)) fault(call, "vectors_per_class is negative");
  const vectors = counts.reduce((sum, count) => sum + count, 0);
  const pairs = (classes * (classes - 1)) / 2;
  expectLength(call, "kernel_params", 0, 3);
  expectLength(call, "support_vectors", vectors * width(call));
  if (vectors === 0) {
    expectLength(call, "coefficients", classes * width(call));
    return;
  }
  if (counts.length !== classes) fault(call, "vectors_per_class does not fit the classes");
  expectLength(call, "coefficients", vectors * (classes - 1));
  expectLength(call, "rho", pairs);
  expectLength(call, "prob_a", 0, pairs);
  expectLength(call, "prob_b", listLength(call, "prob_a"));
};

const supportVectorRegressor: Check = (call) => {
  const vectors = integer(call, "n_supports", 0);
  expectLength(call, "kernel_params", 0, 3);
  expectLength(call, "support_vectors", vectors * width(call));
  expectLength(call, "coefficients", vectors || width(call));
  expectLength(call, "rho", 1);
};

const scaler: Check = (call) => {
  expectLength(call, "offset", 1, width(call));
  expectLength(call, "scale", 1, width(call));
};

const treeClassifier: Check = (call, policy) =>
  checkTreeEnsemble(call.attributes as Attributes, "class", width(call), labels(call), policy);

const treeRegressor: Check = (call, policy) =>
  checkTreeEnsemble(
    call.attributes as Attributes,
    "target",
    width(call),
    integer(call, "n_targets", 1),
    policy,
  );

const treeEnsemble: Check = (call, policy) =>
  checkModernTreeEnsemble(call.attributes as Attributes, width(call), integer(call, "n_targets", 1), policy);

const labelEncoder: Check = (call) => {
  const count = (prefix: string) =>
    ["strings", "int64s", "floats", "tensor"].reduce(
      (sum, kind) => sum + listLength(call, `${prefix}_${kind}`),
      0,
    );
  if (count("keys") !== count("values")) fault(call, "it has not as many values as keys");
};

const imputer: Check = (call) => {
  const count = listLength(call, "imputed_value_floats") + listLength(call, "imputed_value_int64s");
  if (count !== 1 && count !== width(call)) fault(call, "its values do not fit the input");
};

/** The pool is cut at `ngram_counts` into 1-grams, 2-grams, …; every n-gram has a place and a weight. */
const tfIdf: Check = (call) => {
  const counts = integersOf(call, "ngram_counts");
  const pool = listLength(call, "pool_strings") + listLength(call, "pool_int64s");
  const places = integersOf(call, "ngram_indexes");
  let grams = 0;
  for (const [index, start] of counts.entries()) {
    const length = (counts[index + 1] ?? pool) - start;
    if (start < 0 || length < 0 || length % (index + 1) !== 0)
      fault(call, "ngram_counts do not fit the pool");
    grams += length / (index + 1);
  }
  if (places.some((place) => place < 0) || places.length !== grams)
    fault(call, "ngram_indexes do not fit the pool");
  expectLength(call, "weights", 0, grams);
  const [least, most, skip] = [
    integer(call, "min_gram_length", 0),
    integer(call, "max_gram_length", 0),
    integer(call, "max_skip_count", -1),
  ];
  if (!(least >= 1 && least <= most && most <= counts.length && skip >= 0 && skip <= 1000)) {
    fault(call, "its n-gram lengths are impossible");
  }
};

function integersOf(call: OperatorCall, name: string): number[] {
  const value = call.attributes[name];
  return value && "ints" in value ? Array.from(value.ints as ArrayLike<number>, Number) : [];
}

const CHECKS: Readonly<Record<string, Check>> = {
  LinearClassifier: linearClassifier,
  LinearRegressor: linearRegressor,
  SVMClassifier: supportVectorClassifier,
  SVMRegressor: supportVectorRegressor,
  Scaler: scaler,
  TreeEnsembleClassifier: treeClassifier,
  TreeEnsembleRegressor: treeRegressor,
  TreeEnsemble: treeEnsemble,
  LabelEncoder: labelEncoder,
  Imputer: imputer,
  TfIdfVectorizer: tfIdf,
};

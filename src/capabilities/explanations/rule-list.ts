import type { Random } from "../../foundation/base/random.js";
import { quantileOfSorted } from "../../foundation/base/statistics.js";
import type { RuleCondition, RuleList } from "../../foundation/contracts/explanation.js";
import { type Column, columnOf, type Frame } from "../../foundation/contracts/frame.js";
import { type Cell, cellOf, sortedNumbers } from "./cells.js";

export interface RuleListOptions {
  /** What the model answers for each row: the probability of the class, or the value. */
  readonly predictions: Float64Array;
  readonly class: string | null;
  /** Default 6, beside the last one for the rest. */
  readonly mostRules?: number;
  /** Default 2. */
  readonly mostConditions?: number;
  readonly random: Random;
}

const MOST_RULES = 6;
const MOST_CONDITIONS = 2;
const BEAM = 8;
const CUTS = 8;
/** A rule decides at least this share of the learning rows. */
const LEAST_COVERAGE = 0.03;
const HELD_OUT_SHARE = 0.3;

interface Test {
  readonly condition: RuleCondition;
  /** 1 where it holds, by row of the frame. */
  readonly holds: Uint8Array;
}

/**
 * Ordered if-then rules that imitate a model's predictions: each next rule is the conjunction that, of the rows not yet
 * decided, splits off those whose predictions differ most from the rest (sum of squares between the two), found by beam
 * search. Fidelity and agreement are measured on rows the rules did not see.
 */
export function learnRules(frame: Frame, options: RuleListOptions): RuleList {
  const { predictions, random } = options;
  const order = random.permutation(frame.rows);
  const heldOut = Math.floor(frame.rows * HELD_OUT_SHARE);
  const learning = order.subarray(heldOut);
  const tests = [...frame.columns].flatMap(([name, column]) => testsOf(name, column));
  const rules: { tests: readonly Test[]; prediction: number; rows: number }[] = [];
  let open = Int32Array.from(learning);
  for (let count = 0; count < (options.mostRules ?? MOST_RULES); count++) {
    const found = bestRule(tests, open, predictions, {
      least: Math.max(2, Math.ceil(LEAST_COVERAGE * learning.length)),
      mostConditions: options.mostConditions ?? MOST_CONDITIONS,
    });
    if (!found) break;
    const decided = open.filter((row) => found.every(({ holds }) => holds[row] === 1));
    rules.push({ tests: found, prediction: meanOf(predictions, decided), rows: decided.length });
    open = open.filter((row) => !found.every(({ holds }) => holds[row] === 1));
  }
  const rest = open.length > 0 ? meanOf(predictions, open) : meanOf(predictions, learning);
  rules.push({ tests: [], prediction: rest, rows: open.length });
  const answer = (row: number): number =>
    rules.find((rule) => rule.tests.every(({ holds }) => holds[row] === 1))!.prediction;
  return {
    class: options.class,
    rules: rules.map((rule) => ({
      conditions: rule.tests.map(({ condition }) => condition),
      prediction: rule.prediction,
      coverage: rule.rows / Math.max(learning.length, 1),
    })),
    ...quality(order.subarray(0, heldOut), predictions, answer, options.class !== null),
    rows: learning.length,
    heldOut,
  };
}

function quality(
  rows: Int32Array,
  predictions: Float64Array,
  answer: (row: number) => number,
  classes: boolean,
): Pick<RuleList, "fidelity" | "agreement"> {
  const mean = meanOf(predictions, rows);
  let [error, total, same] = [0, 0, 0];
  for (const row of rows) {
    const [given, wanted] = [answer(row), predictions[row]!];
    error += (given - wanted) ** 2;
    total += (wanted - mean) ** 2;
    if (given >= 0.5 === wanted >= 0.5) same += 1;
  }
  return {
    fidelity: total > 0 ? 1 - error / total : null,
    agreement: classes && rows.length > 0 ? same / rows.length : null,
  };
}

function bestRule(
  tests: readonly Test[],
  open: Int32Array,
  predictions: Float64Array,
  limits: { readonly least: number; readonly mostConditions: number },
): readonly Test[] | undefined {
  const mean = meanOf(predictions, open);
  let best: { tests: readonly Test[]; gain: number } | undefined;
  let beam: readonly { tests: readonly Test[]; rows: Int32Array; gain: number }[] = [
    { tests: [], rows: open, gain: 0 },
  ];
  for (let depth = 0; depth < limits.mostConditions; depth++) {
    const grown = beam.flatMap((rule) =>
      tests.flatMap((test) => {
        const rows = rule.rows.filter((row) => test.holds[row] === 1);
        const rest = open.length - rows.length;
        if (rows.length < limits.least || rest === 0 || rows.length === rule.rows.length) return [];
        // Sum of squares between the rule's rows and the others.
        const apart = meanOf(predictions, rows) - mean;
        return [
          { tests: [...rule.tests, test], rows, gain: (apart ** 2 * rows.length * open.length) / rest },
        ];
      }),
    );
    beam = grown.sort((a, b) => b.gain - a.gain).slice(0, BEAM);
    const [first] = beam;
    // A longer rule must be worth its length.
    if (first && first.gain > 1e-12 && first.gain > 1.05 * (best?.gain ?? 0)) best = first;
  }
  return best?.tests;
}

function meanOf(values: Float64Array, rows: Int32Array): number {
  let sum = 0;
  for (const row of rows) sum += values[row]!;
  return sum / Math.max(rows.length, 1);
}

function testsOf(name: string, column: Column): Test[] {
  const conditions: RuleCondition[] = [];
  if (column.kind === "number" || column.kind === "datetime" || column.kind === "boolean") {
    const sorted = sortedNumbers(column);
    const cuts = Array.from({ length: CUTS }, (_, k) => quantileOfSorted(sorted, (k + 0.5) / CUTS));
    const places = column.kind === "boolean" ? [0] : [...new Set(cuts)];
    for (const value of places) {
      if (sorted.length === 0) break;
      conditions.push({ column: name, operator: "<=", value }, { column: name, operator: ">", value });
    }
  } else if (column.kind === "category") {
    for (const text of column.dictionary.slice(0, 50))
      conditions.push({ column: name, operator: "in", value: [text] });
  }
  if (conditions.length > 0) conditions.push({ column: name, operator: "missing", value: null });
  return conditions.map((condition) => ({ condition, holds: holdsIn(column, condition) }));
}

function holdsIn(column: Column, { operator, value }: RuleCondition): Uint8Array {
  const rows =
    column.kind === "category"
      ? column.codes.length
      : (column as { values: ArrayLike<unknown> }).values.length;
  return Uint8Array.from({ length: rows }, (_, row) =>
    passes(cellOf(column, row), operator, value) ? 1 : 0,
  );
}

function passes(cell: Cell, operator: RuleCondition["operator"], value: RuleCondition["value"]): boolean {
  if (cell === null || operator === "missing") return cell === null && operator === "missing";
  if (Array.isArray(value)) return value.includes(String(cell));
  if (typeof cell !== "number" || typeof value !== "number") return false;
  return operator === "<=" ? cell <= value : cell > value;
}

/** Whether all conditions hold in a row, for those who apply rules. @throws QuernError DATA_COLUMN_UNKNOWN */
export function rowPasses(frame: Frame, row: number, conditions: readonly RuleCondition[]): boolean {
  return conditions.every(({ column, operator, value }) =>
    passes(cellOf(columnOf(frame, column), row), operator, value),
  );
}

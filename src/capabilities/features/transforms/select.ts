import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Column, createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { int64Vector } from "../shared/emission.js";
import { largestPenalty, lasso } from "../shared/lasso.js";
import { columnWidth, framePositions, positionValues } from "../shared/positions.js";
import { centered, centers, crossProducts } from "../shared/projection.js";
import { anovaF, chiSquare, mutualInformation, type Score, varianceScore } from "../shared/scores.js";

const SCORES = ["anova-f", "chi-square", "mutual-information", "variance", "l1"] as const;

const config = z.strictObject({
  score: z
    .enum(SCORES)
    .default("anova-f")
    .register(fields, {
      title: "Score",
      help: "`l1` keeps what a lasso gives a weight; chi-square is for counts and indicators.",
      tune: { choices: SCORES },
    }),
  maximumFeatures: z
    .number()
    .int()
    .min(1)
    .default(100)
    .register(fields, {
      title: "Most features",
      tune: { low: 5, high: 500, scale: "log", integer: true },
    }),
  threshold: z
    .number()
    .min(0)
    .default(0)
    .register(fields, { title: "Threshold", help: "A feature is kept only if its score is above this." }),
  penalty: z
    .number()
    .positive()
    .max(1)
    .default(0.02)
    .register(fields, {
      title: "Penalty",
      help: "For l1: as a share of the penalty that removes everything.",
      tune: { low: 0.001, high: 0.3, scale: "log" },
    }),
});
type Config = z.infer<typeof config>;

interface SelectState {
  /** Kept positions of each column, ascending; `null` keeps a number or boolean whole, [] drops a column. */
  readonly columns: readonly (readonly number[] | null)[];
}

/** Keeps the features that tell most about the target; within a vector, the best positions. */
export const select = defineTransform<typeof config, SelectState>({
  id: "select",
  version: 1,
  summary: "Keeps the best features by ANOVA F, chi-square, mutual information, variance or L1.",
  config,
  accepts: ["number", "boolean", "vector"],
  needsTarget: true,
  fit(frame, settings, { target }) {
    const scores = scoreAll(frame, settings, target);
    const ranked = Array.from(scores.keys())
      .filter((position) => scores[position]! > settings.threshold)
      .sort((a, b) => scores[b]! - scores[a]! || a - b);
    const kept = new Set(ranked.slice(0, settings.maximumFeatures));
    let first = 0;
    const columns = [...frame.columns.values()].map((column) => {
      const width = columnWidth(column);
      const own = Array.from({ length: width }, (_, k) => k).filter((k) => kept.has(first + k));
      first += width;
      return column.kind !== "vector" && own.length === 1 ? null : own;
    });
    return { columns };
  },
  apply(frame, { columns }) {
    const kept = [...frame.columns].flatMap(([name, column], k) => {
      const positions = columns[k]!;
      if (positions?.length === 0) return [];
      return [[name, positions === null ? column : takePositions(column, positions)] as const];
    });
    return createFrame(kept, frame.rows);
  },
  emit: (graph, inputs, { columns }) =>
    inputs.flatMap((input, k) => {
      const positions = columns[k]!;
      if (positions === null) return [input];
      if (positions.length === 0) return [];
      const attributes = { axis: { int: 1 } };
      const value = graph.op("Gather", [input.value, int64Vector(graph, positions)], { attributes });
      return [{ ...input, value }];
    }),
});

function scoreAll(frame: Frame, settings: Config, target: Target | undefined): number[] {
  if (settings.score === "l1") return lassoScores(frame, settings.penalty, requireTarget(target));
  const score = scoreOf(settings.score, target);
  return framePositions(frame).map((position) => score(positionValues(position, frame.rows)));
}

function scoreOf(score: Exclude<Config["score"], "l1">, target: Target | undefined): Score {
  switch (score) {
    case "variance":
      return varianceScore;
    case "anova-f":
      return anovaF(requireTarget(target));
    case "chi-square":
      return chiSquare(requireTarget(target));
    case "mutual-information":
      return mutualInformation(requireTarget(target));
  }
}

function requireTarget(target: Target | undefined): Target {
  if (!target) throw new Error("Selection by this score needs a target.");
  return target;
}

/** Largest absolute weight over the outputs, of standardised columns. */
function lassoScores(frame: Frame, share: number, target: Target): number[] {
  const positions = framePositions(frame);
  const center = centers(positions, frame.rows);
  const columns = positions.map((position, k) => unit(centered(position, frame.rows, center[k]!)));
  const gram = crossProducts(columns);
  const scores = columns.map(() => 0);
  for (const output of lassoOutputs(target)) {
    const moments = Float64Array.from(columns, (column) =>
      column.reduce((sum, value, row) => sum + value * output[row]!, 0),
    );
    const problem = { gram, moments };
    for (const [k, weight] of lasso(problem, share * largestPenalty(problem)).entries()) {
      scores[k] = Math.max(scores[k]!, Math.abs(weight));
    }
  }
  return scores;
}

/** The target, or an indicator for each class (one of two), centred. */
function lassoOutputs(target: Target): Float64Array[] {
  const outputs =
    target.task === "regression"
      ? [target.values]
      : target.classes.slice(target.task === "binary" ? 1 : 0).map((_, index) => {
          const code = target.task === "binary" ? 1 : index;
          return Float64Array.from(target.codes, (own) => (own === code ? 1 : 0));
        });
  return outputs.map((values) => {
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - middle);
  });
}

/** Length 1, or all zero for a constant column. */
function unit(column: Float64Array): Float64Array {
  const length = Math.sqrt(column.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? column.map((value) => value / length) : column;
}

function takePositions(column: Column, positions: readonly number[]): Column {
  if (column.kind !== "vector") throw new Error(`A ${column.kind} column has no positions.`);
  const rows = column.values.length / column.width;
  const width = positions.length;
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (const [k, position] of positions.entries()) {
      values[row * width + k] = column.values[row * column.width + position]!;
    }
  }
  const names = column.names ? { names: positions.map((position) => column.names![position]!) } : {};
  return { kind: "vector", values, width, ...names };
}

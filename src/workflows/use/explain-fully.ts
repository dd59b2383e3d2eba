import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import {
  type ColumnLimit,
  findCounterfactual,
  interactionStrengths,
  learnRules,
  type PredictFrame,
  partialDependence,
} from "../../capabilities/explanations/index.js";
import { createRandom, type Random } from "../../foundation/base/random.js";
import type { ExplanationDocument, RowExplanations } from "../../foundation/contracts/explanation.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";

export interface FullExplanationOptions {
  /** Of the same model, for the same rows: which columns matter most. */
  readonly contributions: RowExplanations;
  /** Rows that stand for the data; default the explained ones. */
  readonly data?: Frame | undefined;
  readonly seed: number;
  /** For the counterfactuals. */
  readonly limits: Readonly<Record<string, ColumnLimit>>;
}

/** Samples that keep a report below some hundred thousand predictions. */
const DEPENDENCE_ROWS = 100;
const DEPENDENCE_COLUMNS = 6;
const INTERACTION_ROWS = 30;
const INTERACTION_COLUMNS = 4;
const RULE_ROWS = 1000;
const COUNTERFACTUALS = 3;
const GRIDDED = new Set(["number", "boolean", "category", "datetime"]);

/** Everything that explains a model on some rows, for a report: most important columns first. */
export async function explainFully(
  bundle: LoadedBundle,
  model: PredictFrame,
  rows: Frame,
  { contributions, data = rows, seed, limits }: FullExplanationOptions,
): Promise<ExplanationDocument> {
  const random = createRandom(seed).fork("explain-fully");
  const { outputs } = bundle.manifest;
  const classes = outputs.kind === "classes" ? outputs.classes : [];
  // The positive class; of more than two the one that the first row is explained for.
  const output = classes.length === 2 ? 1 : Math.max(0, classes.indexOf(contributions.rows[0]?.class ?? ""));
  const about = { output, class: classes[output] ?? null };
  const columns = contributions.meanAbsolute
    .map(({ column }) => column)
    .filter((name) => GRIDDED.has(rows.columns.get(name)!.kind));
  const sample = sampled(rows, DEPENDENCE_ROWS, random.fork("dependence"));
  const dependence = [];
  for (const column of columns.slice(0, DEPENDENCE_COLUMNS)) {
    dependence.push(await partialDependence(model, sample, { column, ...about }));
  }
  const few = columns.slice(0, INTERACTION_COLUMNS);
  const pairs = few.flatMap((one, k) => few.slice(k + 1).map((other) => [one, other] as const));
  const interactions = await interactionStrengths(
    model,
    sampled(rows, INTERACTION_ROWS, random.fork("pairs")),
    {
      output,
      pairs,
    },
  );
  const learning = sampled(rows, RULE_ROWS, random.fork("rules"));
  const answers = await model.predict(learning);
  const predictions = Float64Array.from(
    { length: learning.rows },
    (_, row) => answers[row * model.outputs + output]!,
  );
  const rules = learnRules(learning, { predictions, class: about.class, random: random.fork("rule-split") });
  const counterfactuals =
    classes.length === 2
      ? await turnedRows(model, rows, { data, classes, contributions, random, limits })
      : [];
  return { contributions, dependence, interactions, counterfactuals, rules };
}

interface Turning {
  readonly data: Frame;
  readonly classes: readonly string[];
  readonly contributions: RowExplanations;
  readonly random: Random;
  readonly limits: Readonly<Record<string, ColumnLimit>>;
}

/** What would give the first rows the other of two classes. */
async function turnedRows(model: PredictFrame, rows: Frame, turning: Turning) {
  const { data, classes, contributions, random, limits } = turning;
  const known = sampled(data, 2 * DEPENDENCE_ROWS, random.fork("known"));
  const found = [];
  for (let row = 0; row < Math.min(COUNTERFACTUALS, contributions.rows.length); row++) {
    const one = takeRows(rows, [row]);
    const positive = (await model.predict(one))[1]! >= 0.5;
    found.push(
      await findCounterfactual(model, one, row, {
        data: known,
        output: 1,
        wanted: positive ? { low: 0, high: 0.5 } : { low: 0.5, high: 1 },
        wantedText: classes[positive ? 0 : 1]!,
        limits,
        random: random.fork(`row/${row}`),
      }),
    );
  }
  return found;
}

function sampled(frame: Frame, count: number, random: Random): Frame {
  return frame.rows <= count
    ? frame
    : takeRows(frame, random.permutation(frame.rows).subarray(0, count).sort());
}

import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { formatPercent } from "../../../foundation/base/number-text.js";
import { EXPLANATION_METHODS, type ExplanationBasis } from "../../../foundation/contracts/explanation.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { explainModel, type ModelExplanation } from "../../../workflows/use/explain-model.js";
import { type ExplainRowsResult, explainRows } from "../../../workflows/use/explain-rows.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { readingOf, sourceOptions } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const count = (title: string, help: string, most: number) =>
  z.coerce.number().int().min(1).max(most).optional().register(fields, { title, help });

const columns = (title: string) => z.array(z.string()).default([]).register(fields, { title });

const options = z.strictObject({
  out: z
    .string()
    .optional()
    .register(fields, { title: "File for every contribution", help: ".csv or .jsonl" }),
  report: z.string().optional().register(fields, {
    title: "HTML report to write",
    help: "Contributions, dependence on columns, interactions, smallest changes, rules.",
  }),
  language: z.enum(["en", "zh"]).default("en").register(fields, { title: "Language of the report" }),
  rows: count(
    "Rows to explain",
    "From the start of the file; default 10000, or 100 where the model is asked.",
    1e6,
  ),
  method: z
    .enum(["auto", ...EXPLANATION_METHODS])
    .default("auto")
    .register(fields, {
      title: "Method",
      help: "`auto`: exact for a model of trees or a linear one, else by small trees that imitate the model (surrogate), or by asking it (permutation).",
    }),
  class: z.string().optional().register(fields, {
    title: "Class to explain",
    help: "Default: the positive one, or the predicted one of each row.",
  }),
  coalitions: count(
    "Coalitions asked of the model for each row",
    "More is slower and less noisy; default 256.",
    1e6,
  ),
  seed: z.coerce.number().int().min(0).max(0xffffffff).default(0).register(fields, { title: "Seed" }),
  immutable: columns("Columns that no counterfactual changes"),
  onlyIncrease: columns("Columns that counterfactuals only increase"),
  ...sourceOptions,
  ...workOptions,
  ...commonOptions,
});

export const command = defineCommand({
  name: "explain",
  summary: "Show which columns a model uses, or what made its predictions of given rows",
  example: "quern explain churn",
  arguments: [
    {
      name: "model",
      help: "`name`, `name@3`, `name@champion`, or a bundle's folder or .quern file",
      required: true,
    },
    {
      name: "data",
      help: "Rows to explain; without them the model as a whole is explained",
      required: false,
    },
  ],
  options,
  async run([model, data], flags, io) {
    if (data === undefined) {
      const extra = (["out", "report", "rows", "class", "coalitions"] as const).find(
        (name) => flags[name] !== undefined,
      );
      if (extra !== undefined || flags.method !== "auto") {
        throw new QuernError("USAGE", `--${extra ?? "method"} is about rows, and no rows were given.`, {
          hint: "Name a file: `quern explain MODEL rows.csv`.",
        });
      }
      const result = await explainModel({ model: model! }, workflowOptions(flags, io));
      io.result(result, () => modelText(result));
      return undefined;
    }
    const result = await explainRows(requestOf(model!, data, flags), workflowOptions(flags, io));
    io.result(result, () => rowsText(result));
    return undefined;
  },
});

function requestOf(model: string, source: string, flags: z.infer<typeof options>) {
  const { method, seed, rows, coalitions, out } = flags;
  return {
    ...{ model, source, method, seed, language: flags.language },
    ...(flags.report === undefined ? {} : { report: flags.report }),
    limits: Object.fromEntries([
      ...flags.onlyIncrease.map((name) => [name, { direction: "increase" as const }] as const),
      ...flags.immutable.map((name) => [name, { immutable: true }] as const),
    ]),
    reading: readingOf(flags),
    ...(flags.class === undefined ? {} : { explainedClass: flags.class }),
    ...(rows === undefined ? {} : { rows }),
    ...(coalitions === undefined ? {} : { coalitions }),
    ...(out === undefined ? {} : { out }),
  };
}

const SPACES: Readonly<Record<ExplanationBasis["space"], string>> = {
  value: "the predicted value",
  "log-value": "the logarithm of the predicted value",
  "log-odds": "log-odds, before calibration",
  share: "averaged shares of the trees, before calibration",
  probability: "probability",
};

function basisText({ method, exact, space, backgroundRows, fidelity }: ExplanationBasis): string {
  const precision =
    fidelity === undefined
      ? exact
        ? "exact"
        : "sampled"
      : `of trees that explain ${formatPercent(fidelity)} of the model's variance`;
  const against =
    backgroundRows === 0 ? "the training rows in the leaves" : `${backgroundRows} background rows`;
  return `Contributions (${method} SHAP, ${precision}) in ${SPACES[space]}, relative to ${against}.`;
}

function modelText(result: ModelExplanation): string {
  const rows = result.columns.map((column) => [
    column.name,
    formatNumber(column.permutation),
    column.low === null ? "" : `${formatNumber(column.low)} to ${formatNumber(column.high)}`,
    column.model === null ? "" : formatPercent(column.model),
    formatNumber(column.contribution),
  ]);
  const table = textTable(
    ["column", "loss", "95% interval", "share in the model", "mean |contribution|"],
    rows,
    new Set([1, 3, 4]),
  );
  const loss =
    result.metric === null
      ? ""
      : `Loss: how much worse ${result.metric} gets on rows it has not seen when a column is shuffled.\n`;
  const basis = result.basis ? `${basisText(result.basis)}\n` : "";
  return `${result.model}@${result.version}\n${loss}${basis}\n${table}`;
}

const SHOWN_ROWS = 5;
const SHOWN_COLUMNS = 6;

function rowsText(result: ExplainRowsResult): string {
  const { basis, rows, additivity } = result;
  const blocks = rows.slice(0, SHOWN_ROWS).map((row) => {
    const order = row.contributions
      .map((value, k) => ({ value, name: basis.columns[k]! }))
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    const shown = order.slice(0, SHOWN_COLUMNS).map(({ name, value }) => [name, signed(value)]);
    const rest = order.slice(SHOWN_COLUMNS).reduce((sum, { value }) => sum + value, 0);
    const others = order.length > SHOWN_COLUMNS ? [["others", signed(rest)]] : [];
    const what = row.class === null ? "" : ` of ${row.class}`;
    const table = textTable(
      ["", ""],
      [["base", formatNumber(row.base)], ...shown, ...others, ["score", formatNumber(row.score)]],
      new Set([1]),
    );
    return `row ${row.id ?? row.row + 1}: prediction${what} ${formatNumber(row.prediction)}${table}`;
  });
  const more = rows.length > SHOWN_ROWS ? `\n\n… ${rows.length - SHOWN_ROWS} rows more` : "";
  const check = `They add up to the scores within ${additivity.largestGap.toExponential(1)} (limit ${additivity.limit}).`;
  const output = result.output === null ? "" : `\noutput  ${result.output}`;
  const report = result.report === null ? "" : `\nreport  ${result.report}`;
  return `${result.model}@${result.version}: ${rows.length} of ${result.total} rows\n${basisText(basis)} ${check}\n\n${blocks.join("\n\n")}${more}${output}${report}`;
}

const signed = (value: number): string => `${value > 0 ? "+" : ""}${formatNumber(value)}`;

import { z } from "zod";
import type { Comparison } from "../../../foundation/contracts/evaluation.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { evaluateModel } from "../../../workflows/use/evaluate-model.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { modulesOption, projectSettings, readingOf, sourceOptions } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const VERDICTS: Readonly<Record<Comparison["verdict"], string>> = {
  better: "is better than",
  worse: "is worse than",
  "no-clear-difference": "does not clearly differ from",
};

function comparisonText(model: string, { with: other, metric, verdict, ...figures }: Comparison): string {
  const interval =
    figures.low === null
      ? ""
      : `, 95% interval ${formatNumber(figures.low)} to ${formatNumber(figures.high)}`;
  return (
    `${model} ${VERDICTS[verdict]} ${other}, whose ${metric} on these rows is ${formatNumber(figures.other)}:\n` +
    `improvement ${formatNumber(figures.improvement)}${interval}, p = ${formatNumber(figures.pValue)} (paired bootstrap)`
  );
}

export const command = defineCommand({
  name: "evaluate",
  summary: "Score a model on labelled rows",
  example: "quern evaluate churn labelled.csv",
  arguments: [
    {
      name: "model",
      help: "`name`, `name@3`, `name@champion`, or a bundle's folder or .quern file",
      required: true,
    },
    { name: "data", help: "Rows with the target column", required: true },
  ],
  options: z.strictObject({
    report: z.string().optional().register(fields, { title: "HTML report to write" }),
    language: z.enum(["en", "zh"]).default("en").register(fields, { title: "Language of the report" }),
    slices: z
      .array(z.string())
      .default([])
      .register(fields, { title: "Columns whose groups are reported apart" }),
    against: z.string().optional().register(fields, {
      title: "Another model of the same target, compared on the same rows by a paired test",
    }),
    project: modulesOption,
    ...sourceOptions,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model, data], options, io) {
    const { report, language, slices, against } = options;
    const result = await evaluateModel(
      {
        model: model!,
        source: data!,
        language,
        slices,
        extensions: projectSettings(options.project).extensions,
        reading: readingOf(options),
        ...(report === undefined ? {} : { report }),
        ...(against === undefined ? {} : { against }),
      },
      workflowOptions(options, io),
    );
    io.result(result, () => {
      const rows = Object.entries(result.evaluation.metrics).map(([name, { value, low, high }]) => [
        name,
        formatNumber(value),
        low === null ? "" : `${formatNumber(low)} to ${formatNumber(high)}`,
      ]);
      const table = textTable(["metric", "value", "95% interval"], rows, new Set([1]));
      const compared = result.evaluation.comparisons.map((one) => `\n\n${comparisonText(result.model, one)}`);
      const report = result.report === null ? "" : `\n\nreport  ${result.report}`;
      return `${result.model} on ${result.rows} rows\n\n${table}${compared.join("")}${report}`;
    });
    return undefined;
  },
});

import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { evaluateModel } from "../../../workflows/use/evaluate-model.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { modulesOption, projectSettings, readingOf, sourceOptions } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

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
    project: modulesOption,
    ...sourceOptions,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model, data], options, io) {
    const { report, language, slices } = options;
    const result = await evaluateModel(
      {
        model: model!,
        source: data!,
        language,
        slices,
        extensions: projectSettings(options.project).extensions,
        reading: readingOf(options),
        ...(report === undefined ? {} : { report }),
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
      return `${result.model} on ${result.rows} rows\n\n${table}${result.report === null ? "" : `\n\nreport  ${result.report}`}`;
    });
    return undefined;
  },
});

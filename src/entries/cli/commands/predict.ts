import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { predictFile } from "../../../workflows/use/predict-file.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { readingOf, sourceOptions } from "../project-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "predict",
  summary: "Predict rows of a file",
  example: "quern predict churn rows.csv --out predictions.csv",
  arguments: [
    {
      name: "model",
      help: "`name`, `name@3`, `name@champion`, or a bundle's folder or .quern file",
      required: true,
    },
    { name: "data", help: "Rows to predict: a file, folder, glob, URL or `-`", required: true },
  ],
  options: z.strictObject({
    out: z
      .string()
      .register(fields, { title: "Output file", help: "By its ending: .csv, .jsonl or .parquet." }),
    escapeFormulas: z.boolean().default(false).register(fields, {
      title: "Prefix CSV texts that a spreadsheet would run as a formula with an apostrophe",
    }),
    interval: z.boolean().default(false).register(fields, {
      title: "Add the ends of an interval around each predicted number",
      help: "Columns `prediction_low` and `prediction_high`; the manifest says how often the truth lies between them.",
    }),
    resume: z.boolean().default(false).register(fields, {
      title: "Go on with the same prediction where it was stopped or killed",
    }),
    chunkRows: z.coerce.number().int().min(1).default(50_000).register(fields, {
      title: "Rows predicted at a time",
      help: "Bounds memory; what is done is kept after each.",
    }),
    ...sourceOptions,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model, data], options, io) {
    const { out, escapeFormulas, interval, resume, chunkRows } = options;
    const result = await predictFile(
      {
        model: model!,
        source: data!,
        out,
        escapeFormulas,
        interval,
        resume,
        chunkRows,
        reading: readingOf(options),
      },
      workflowOptions(options, io),
    );
    io.result(
      result,
      () =>
        `${result.rows - result.failed} rows predicted by ${result.model}@${result.version} in ${result.output}${
          result.failed > 0 ? `; ${result.failed} could not be, for the reasons in the column \`error\`` : ""
        }`,
    );
    return undefined;
  },
});

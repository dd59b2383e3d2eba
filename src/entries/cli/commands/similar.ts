import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { findSimilar } from "../../../workflows/embed/find-similar.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { readingOf, sourceOptions } from "../project-options.js";
import { workflowOptions } from "../workflow-options.js";

const SHOWN = 20;

export const command = defineCommand({
  name: "similar",
  summary: "Find the rows of a catalogue that are nearest to given ones",
  example: "quern similar sentences questions.csv --to answers.csv -k 5 --out nearest.csv",
  arguments: [
    { name: "model", help: "A model of vectors (quern embed)", required: true },
    { name: "data", help: "Rows that are looked for", required: true },
  ],
  options: z.strictObject({
    to: z.string().register(fields, { title: "Catalogue", help: "Rows that are found." }),
    k: z.coerce.number().int().min(1).max(10_000).default(5).register(fields, { title: "Matches a row" }),
    out: z
      .string()
      .optional()
      .register(fields, { title: "Output file", help: "By its ending: .csv or .jsonl." }),
    ...sourceOptions,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model, data], options, io) {
    const { to, k, out } = options;
    const result = await findSimilar(
      {
        model: model!,
        source: data!,
        catalogue: to,
        count: k,
        out,
        reading: readingOf(options),
      },
      workflowOptions(options, io),
    );
    io.result(result, () => {
      const lost = result.leftOut > 0 ? `; ${result.leftOut} pictures could not be read` : "";
      if (result.output !== null) return `${result.rows} rows, ${k} matches each, in ${result.output}${lost}`;
      return result.similar
        .slice(0, SHOWN)
        .map(({ row, rank, match, similarity }) => `${row}\t${rank}\t${match}\t${similarity.toFixed(4)}`)
        .join("\n");
    });
    return undefined;
  },
});

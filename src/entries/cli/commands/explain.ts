import { z } from "zod";
import { explainModel } from "../../../workflows/use/explain-model.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "explain",
  summary: "Show which columns a model uses",
  example: "quern explain churn",
  arguments: [{ name: "model", help: "`name`, `name@3` or `name@champion`", required: true }],
  options: z.strictObject({ ...commonOptions }),
  async run([model], options, io) {
    const result = await explainModel({ model: model! }, workflowOptions(options, io));
    io.result(result, () => {
      const rows = result.columns.map((column) => [
        column.name,
        formatNumber(column.permutation),
        column.low === null ? "" : `${formatNumber(column.low)} to ${formatNumber(column.high)}`,
        column.model === null ? "" : `${(100 * column.model).toFixed(1)} %`,
      ]);
      return `${result.model}@${result.version}: how much worse ${result.metric} gets on the validation rows when a column is shuffled\n\n${textTable(
        ["column", "loss", "95 % interval", "share in the model"],
        rows,
        new Set([1, 3]),
      )}`;
    });
    return undefined;
  },
});

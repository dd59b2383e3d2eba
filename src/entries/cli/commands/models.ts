import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { aliasHistory } from "../../../workflows/serve/promote.js";
import { listModels } from "../../../workflows/use/browse-store.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "models",
  summary: "List models and their versions",
  example: "quern models",
  arguments: [{ name: "name", help: "Only versions of this model", required: false }],
  options: z.strictObject({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(50)
      .register(fields, { title: "Versions to list, newest first" }),
    history: z.boolean().default(false).register(fields, {
      title: "Show how the aliases of the named model changed, and why",
    }),
    ...commonOptions,
  }),
  async run([name], options, io) {
    if (options.history) {
      if (name === undefined) throw new QuernError("USAGE", "--history needs the name of a model.");
      const changes = await aliasHistory(name, workflowOptions(options, io));
      io.result({ changes }, () =>
        textTable(
          ["when", "alias", "from", "to", "reason", "by"],
          changes.map(({ changedAt, alias, from, to, reason, evidence }) => [
            new Date(changedAt).toISOString().slice(0, 19).replace("T", " "),
            alias,
            String(from ?? ""),
            String(to ?? ""),
            `${reason}${evidence?.forced ? " (forced)" : ""}`,
            evidence?.actor ?? "",
          ]),
          new Set([2, 3]),
        ),
      );
      return undefined;
    }
    const models = await listModels(
      { limit: options.limit, ...(name === undefined ? {} : { name }) },
      workflowOptions(options, io),
    );
    if (name !== undefined && models.length === 0)
      throw new QuernError("MODEL_NOT_FOUND", `There is no model ${JSON.stringify(name)}.`, {
        details: { name },
      });
    io.result({ models }, () =>
      textTable(
        ["model", "task", "metric", "value", "aliases", "made"],
        models.map((model) => [
          `${model.name}@${model.version}`,
          model.task,
          model.metric ?? "",
          formatNumber(model.value),
          model.aliases.join(", "),
          new Date(model.createdAt).toISOString().slice(0, 19).replace("T", " "),
        ]),
        new Set([3]),
      ),
    );
    return undefined;
  },
});

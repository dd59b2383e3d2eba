import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { rollback } from "../../../workflows/serve/promote.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "rollback",
  summary: "Let an alias, the champion, point to the version before its last promotion",
  example: "quern rollback churn --reason complaints",
  arguments: [{ name: "name", help: "Name of the model", required: true }],
  options: z.strictObject({
    alias: z.string().default("champion").register(fields, { title: "Alias to move back" }),
    reason: z.string().min(1).register(fields, { title: "Why, for the record" }),
    actor: z.string().default("").register(fields, { title: "Who rolls back, for the record" }),
    ...commonOptions,
  }),
  async run([name = ""], { alias, reason, actor, ...options }, io) {
    const change = await rollback({ name, alias, reason, actor }, workflowOptions(options, io));
    io.result(change, () => `${name}@${alias} is version ${change.version} again, before ${change.from}`);
    return undefined;
  },
});

import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { initProject } from "../../../workflows/project/init-project.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { readingOf, sourceOptions } from "../project-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "init",
  summary: "Write a quern.yaml for a data file",
  example: "quern init data.csv --target churn",
  arguments: [{ name: "data", help: "A file, folder or glob", required: true }],
  options: z.strictObject({
    target: z.string().optional().register(fields, { title: "Target column" }),
    name: z.string().optional().register(fields, { title: "Model name" }),
    force: z.boolean().default(false).register(fields, { title: "Replace a quern.yaml that is there" }),
    ...sourceOptions,
    ...commonOptions,
  }),
  async run([data], options, io) {
    const { target, name, force } = options;
    const result = await initProject(
      { source: data!, target, name, force, reading: readingOf(options) },
      workflowOptions(options, io),
    );
    io.result(result, () => `${result.path}\n\n${result.text}`);
    return undefined;
  },
});

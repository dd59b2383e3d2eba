import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { exportModel } from "../../../workflows/use/export-model.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "export",
  summary: "Copy a model's bundle out of the store, with a typed client if wanted",
  example: "quern export churn --out churn.quern --types",
  arguments: [{ name: "model", help: "`name`, `name@3` or `name@champion`", required: true }],
  options: z.strictObject({
    out: z
      .string()
      .register(fields, { title: "Folder, or a file that ends in .quern (zip) or .onnx (the graph alone)" }),
    types: z
      .boolean()
      .default(false)
      .register(fields, { title: "Also write a typed TypeScript client beside it" }),
    docker: z.boolean().default(false).register(fields, {
      title: "Write a folder from which an image of the server with this model is made",
    }),
    kubernetes: z.boolean().default(false).register(fields, {
      title: "The same, with what Kubernetes needs to run it",
    }),
    ...commonOptions,
  }),
  async run([model], options, io) {
    const result = await exportModel(
      {
        ...{ model: model!, out: options.out, types: options.types },
        ...{ docker: options.docker, kubernetes: options.kubernetes },
      },
      workflowOptions(options, io),
    );
    io.result(result, () => result.files.map((file) => file.path).join("\n"));
    return undefined;
  },
});

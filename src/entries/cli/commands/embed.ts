import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { buildEmbedder } from "../../../workflows/embed/build-embedder.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "embed",
  summary: "Make a model of vectors from a pretrained network or a trained model",
  example: "quern embed encoders/all-MiniLM-L6-v2 --name sentences",
  arguments: [
    {
      name: "source",
      help: "A folder or file of a pretrained network, `hf:organisation/name@revision`, or a trained model",
      required: true,
    },
  ],
  options: z.strictObject({
    name: z.string().register(fields, { title: "Name of the model" }),
    column: z.string().optional().register(fields, {
      title: "Column that rows bring",
      help: "Default: `text` or `image`; a trained model keeps its own.",
    }),
    length: z.coerce.number().int().min(1).max(8192).optional().register(fields, {
      title: "Pieces read of a text",
      help: "Default: as the model's files say, else 256.",
    }),
    imageSize: z.coerce.number().int().min(8).max(1024).optional().register(fields, {
      title: "Side of the square to which pictures are read",
      help: "Default: as the model's files say.",
    }),
    allowHost: z.array(z.string()).default([]).register(fields, {
      title: "Host that a model may be fetched from",
    }),
    ...workOptions,
    ...commonOptions,
  }),
  async run([source], options, io) {
    const { name, column, length, imageSize, allowHost } = options;
    const result = await buildEmbedder(
      { source: source!, name, column, length, imageSize, allowHost },
      workflowOptions(options, io),
    );
    io.result(
      result,
      () =>
        `${result.model}@${result.version}: vectors of ${result.width} values of ${result.inputs.join(", ")}`,
    );
    return undefined;
  },
});

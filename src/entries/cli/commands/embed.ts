import { z } from "zod";
import { pairTuningConfig } from "../../../capabilities/trainers/neural/pairs/config.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { type BuildEmbedderResult, buildEmbedder } from "../../../workflows/embed/build-embedder.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { flagOf } from "../flag-of.js";
import { workflowOptions } from "../workflow-options.js";

const pairTuning = pairTuningConfig.shape;

function describe({ model, version, width, inputs, tuning }: BuildEmbedderResult): string {
  const line = `${model}@${version}: vectors of ${width} values of ${inputs.join(", ")}`;
  if (!tuning) return line;
  const { before, after, rows, columns } = tuning;
  const figures = Object.entries(after).map(
    ([name, value]) => `  ${name} ${before[name]!.toFixed(3)} -> ${value.toFixed(3)}`,
  );
  const read = [columns.first, columns.second, columns.score].filter((name) => name !== null).join(", ");
  return [`${line}; tuned on ${rows.train} pairs (${read}), judged on ${rows.test}:`, ...figures].join("\n");
}

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
    pairs: z.string().optional().register(fields, {
      title: "File of pairs of texts that the encoder is tuned on first",
      help: "Two columns of texts that belong together, or a third with a score.",
    }),
    first: z.string().optional().register(fields, {
      title: "Column of the first texts",
      help: "Default: the first column of texts.",
    }),
    second: z.string().optional().register(fields, {
      title: "Column of the second texts",
      help: "Default: the next column of texts.",
    }),
    score: z.string().optional().register(fields, {
      title: "Column that says how much a pair belongs together",
      help: "Default: the third of three columns, where it is a number.",
    }),
    loss: flagOf(pairTuning.loss),
    tuning: flagOf(pairTuning.tuning),
    epochs: flagOf(pairTuning.epochs),
    batchSize: flagOf(pairTuning.batchSize),
    learningRate: flagOf(pairTuning.learningRate),
    seed: z.coerce.number().int().min(0).max(0xffffffff).default(0).register(fields, { title: "Seed" }),
    ...workOptions,
    ...commonOptions,
  }),
  async run([source], options, io) {
    const { name, column, length, imageSize, allowHost, pairs, first, second, score, seed } = options;
    const { loss, tuning, epochs, batchSize, learningRate } = options;
    const settings = { loss, tuning, epochs, batchSize, learningRate };
    const unused = Object.entries({ first, second, score, ...settings }).find(
      ([, value]) => value !== undefined,
    );
    if (pairs === undefined && unused) {
      throw new QuernError("USAGE", `--${unused[0]} belongs to --pairs FILE, which is missing.`);
    }
    const tuned =
      pairs === undefined ? {} : { pairs: { source: pairs, first, second, score, settings, seed } };
    const result = await buildEmbedder(
      { source: source!, name, column, length, imageSize, allowHost, ...tuned },
      workflowOptions(options, io),
    );
    io.result(result, () => describe(result));
    return undefined;
  },
});

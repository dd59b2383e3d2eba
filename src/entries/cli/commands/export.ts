import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { exportModel } from "../../../workflows/use/export-model.js";
import { SHRINK_NAMES, type ShrinkRequest, type ShrinkResult } from "../../../workflows/use/shrink-bundle.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { modulesOption, projectSettings } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const shrinkOptions = {
  shrink: z.enum(SHRINK_NAMES).optional().register(fields, {
    title:
      "Export a smaller form of a network or linear model; one that loses too much is refused (exit code 3)",
  }),
  allowedLoss: z.coerce.number().min(0).optional().register(fields, {
    title: "How much worse the metric may become by shrinking",
    help: "In its own unit, or as a share of an error without a greatest value. Default: 0.01.",
  }),
  calibrate: z.string().optional().register(fields, {
    title: "Rows with the target column, to calibrate and judge the shrunk model",
    help: "Default: the bundle's sample requests, on which its answers must agree with the original's.",
  }),
  pruneShare: z.coerce.number().gt(0).lt(1).optional().register(fields, {
    title: "Share that pruning takes out",
    help: "Default: 0.5 of the weights, 0.25 of the units.",
  }),
};

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
    edge: z.boolean().default(false).register(fields, {
      title: "Write a folder with a page and a worker that run the model in a browser",
    }),
    lambda: z.boolean().default(false).register(fields, {
      title: "Write a folder that becomes a function of AWS Lambda",
    }),
    ...shrinkOptions,
    project: modulesOption,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model], options, io) {
    const shrink = shrinkRequest(options);
    const result = await exportModel(
      {
        ...{ model: model!, out: options.out, types: options.types },
        ...{ docker: options.docker, kubernetes: options.kubernetes },
        ...{ edge: options.edge, lambda: options.lambda },
        ...(shrink ? { shrink, extensions: projectSettings(options.project).extensions } : {}),
      },
      workflowOptions(options, io),
    );
    io.result(result, () => {
      const paths = result.files.map((file) => file.path).join("\n");
      return result.shrunk ? `${shrunkTable(result.shrunk)}\n\n${paths}` : paths;
    });
    return undefined;
  },
});

type ShrinkFlags = { [Key in keyof typeof shrinkOptions]?: z.infer<(typeof shrinkOptions)[Key]> };

function shrinkRequest({
  shrink,
  allowedLoss,
  calibrate,
  pruneShare,
}: ShrinkFlags): ShrinkRequest | undefined {
  const isPruning = shrink === "prune-weights" || shrink === "prune-units";
  if (pruneShare !== undefined && !isPruning) {
    throw new QuernError("USAGE", "--prune-share goes with --shrink prune-weights or prune-units.");
  }
  if (shrink) {
    return {
      method: shrink,
      ...(allowedLoss === undefined ? {} : { allowedLoss }),
      ...(calibrate === undefined ? {} : { calibrate }),
      ...(pruneShare === undefined ? {} : { share: pruneShare }),
    };
  }
  if (allowedLoss === undefined && calibrate === undefined) return undefined;
  throw new QuernError("USAGE", "--allowed-loss and --calibrate say how to judge a shrunk model.", {
    hint: `Name the method with \`--shrink\` (${SHRINK_NAMES.join(", ")}).`,
  });
}

function shrunkTable({ method, bytes, compressedBytes, timeRatio, metric, ...judged }: ShrinkResult): string {
  const { measure, rows, source, loss, allowedLoss } = judged;
  const figures = [
    ["bytes", String(bytes.before), String(bytes.after)],
    ["compressed", String(compressedBytes.before), String(compressedBytes.after)],
    ["time", "1", timeRatio.toFixed(2)],
    [measure, formatNumber(metric.before), formatNumber(metric.after)],
  ];
  const where =
    source === null
      ? `judged by agreement with the original on the bundle's ${rows} sample requests; --calibrate judges by the metric on rows of yours`
      : `judged on ${rows} rows of ${source}`;
  return [
    textTable([method, "before", "after"], figures, new Set([1, 2])),
    `loss ${formatNumber(loss)}, allowed ${formatNumber(allowedLoss)}; ${where}`,
  ].join("\n");
}

import { z } from "zod";
import { ERROR_TABLE } from "../../../foundation/base/errors.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { type RetrainResult, retrainSchema } from "../../../foundation/contracts/retrain.js";
import { retrainModel } from "../../../workflows/retrain/retrain.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { projectFolder, projectSettings } from "../project-options.js";
import { smtpFromEnvironment, workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "retrain",
  summary: "Train a candidate when something asks for it; it becomes the champion only if it is better",
  example: "quern retrain churn",
  arguments: [{ name: "model", help: "The model's name", required: true }],
  options: z.strictObject({
    reason: z
      .string()
      .min(1)
      .optional()
      .register(fields, { title: "Train now, for this reason, whatever the triggers say" }),
    gate: retrainSchema.shape.gate
      .unwrap()
      .optional()
      .register(fields, { title: "What a candidate must be on the fresh rows (better, not-worse)" }),
    project: z.string().optional().register(fields, {
      title: "Project file",
      help: "Default: quern.yaml in the working folder, if there is one.",
    }),
    ...workOptions,
    ...commonOptions,
  }),
  async run([model], options, io) {
    const { monitoring, retrain, report } = projectSettings(options.project);
    const { reason, gate } = options;
    const result = await retrainModel(
      {
        model: model!,
        monitoring,
        language: report.language,
        policy: gate === undefined ? retrain : { ...retrain, gate },
        ...(reason === undefined ? {} : { reason }),
        ...smtpFromEnvironment(),
      },
      workflowOptions(options, io, projectFolder(options.project)),
    );
    io.result(result, () => describeResult(result));
    return result.verdict === "rejected" ? ERROR_TABLE.GOAL_NOT_MET.exit : 0;
  },
});

function describeResult({
  model,
  champion,
  candidate,
  verdict,
  reason,
  triggers,
  rows,
}: RetrainResult): string {
  const lines = triggers.map((one) => `${one.trigger}: ${printable(one.reason)}`);
  if (candidate !== null)
    lines.push(
      `candidate ${model}@${candidate} from ${rows.training} rows against champion ${model}@${champion} on ${rows.fresh} fresh rows`,
    );
  lines.push(`${verdict}: ${printable(reason)}`);
  return lines.join("\n");
}

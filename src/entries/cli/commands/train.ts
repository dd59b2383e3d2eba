import { z } from "zod";
import { ERROR_TABLE } from "../../../foundation/base/errors.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { TrainResult } from "../../../foundation/contracts/run.js";
import { train } from "../../../workflows/train/train.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { projectFromFlags, projectOptions, requireSource } from "../project-options.js";
import { formatDuration, formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "train",
  summary: "Train, choose, evaluate, export and register a model",
  example: "quern train data.csv --target churn",
  arguments: [
    {
      name: "data",
      help: "A file, folder, glob, URL or `-`; default: the project file's source",
      required: false,
    },
  ],
  options: z.strictObject({
    ...projectOptions,
    out: z.string().optional().register(fields, { title: "Folder for a copy of the bundle and the report" }),
    resume: z
      .boolean()
      .default(false)
      .register(fields, { title: "Go on with the last interrupted run; finished steps are reused" }),
    ...workOptions,
    ...commonOptions,
  }),
  async run([data], options, io) {
    const { input, folder } = projectFromFlags(data, options);
    if (!options.resume) requireSource(input);
    const result = await train(
      {
        project: input,
        resume: options.resume,
        allowedHosts: options.allowHost,
        startedAt: performance.timeOrigin,
        ...(options.out === undefined ? {} : { out: options.out }),
      },
      workflowOptions(options, io, folder),
    );
    io.result(result, () => describeResult(result));
    return result.goals.every((goal) => goal.met) ? 0 : ERROR_TABLE.GOAL_NOT_MET.exit;
  },
});

/** A long search shows its best; the report has all. */
const SHOWN_TRIALS = 20;

function shown(rows: string[][]): string[][] {
  if (rows.length <= SHOWN_TRIALS) return rows;
  return [
    ...rows.slice(0, SHOWN_TRIALS),
    [`… ${rows.length - SHOWN_TRIALS} more in the report`, "", "", "", ""],
  ];
}

function describeResult(result: TrainResult): string {
  const { metric } = result;
  const interval = metric.low === null ? "" : ` [${formatNumber(metric.low)}, ${formatNumber(metric.high)}]`;
  const baseline = result.baseline[metric.name];
  const ranked = result.leaderboard.map((row) => [
    row.trainer,
    row.error ? "failed" : row.pruned ? "given up" : formatNumber(row.value),
    formatDuration(row.seconds * 1000),
    row.weight > 0 ? `${Math.round(100 * row.weight)} %` : "",
    row.error ?? "",
  ]);
  if (result.ensemble.members > 1)
    ranked.unshift(["(together)", formatNumber(result.ensemble.value), "", "", ""]);
  const lines = [
    `${result.model}@${result.version} (${result.task})`,
    `${metric.name} ${formatNumber(metric.value)}${interval} on ${metric.rows} ${metric.split} rows; baseline ${formatNumber(baseline)}`,
    "",
    textTable(["trainer", "held-out", "time", "weight", ""], shown(ranked), new Set([1, 2, 3])),
  ];
  const notable = result.findings.filter((finding) => finding.severity !== "info");
  if (notable.length > 0)
    lines.push("", ...notable.map((finding) => `${finding.severity}: ${printable(finding.message)}`));
  for (const goal of result.goals)
    lines.push(
      `goal ${goal.name} ${goal.goal}: ${goal.met ? "met" : "NOT met"} (${formatNumber(goal.value)})`,
    );
  lines.push(
    "",
    `report  ${result.report}`,
    `bundle  ${result.bundle}`,
    `run     ${result.run}, ${formatDuration(result.seconds * 1000)}, ${result.cached.hits} of ${result.cached.steps} steps from cache`,
  );
  lines.push(
    "",
    `next    quern predict ${result.model} rows.csv --out predictions.csv`,
    `        quern serve ${result.model}`,
  );
  return lines.join("\n");
}

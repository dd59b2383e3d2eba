import { z } from "zod";
import { ERROR_TABLE } from "../../../foundation/base/errors.js";
import type { Logger } from "../../../foundation/base/logger.js";
import { formatPercent } from "../../../foundation/base/number-text.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { TrainResult } from "../../../foundation/contracts/run.js";
import { train } from "../../../workflows/train/train.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import type { Io } from "../io.js";
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
    log: z.array(z.string()).default([]).register(fields, {
      title: "Write the course of the training for other programs as well",
      help: "tensorboard=FOLDER or mlflow=URL, whose host is thereby allowed; may be repeated.",
    }),
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
        log: options.log,
        startedAt: performance.timeOrigin,
        ...(options.out === undefined ? {} : { out: options.out }),
      },
      { ...workflowOptions(options, io, folder), logger: warningsTo(io) },
    );
    io.result(result, () => describeResult(result));
    return result.goals.every((goal) => goal.met) ? 0 : ERROR_TABLE.GOAL_NOT_MET.exit;
  },
});

/** What goes wrong beside a training is told also where progress is not. */
function warningsTo(io: Io): Logger {
  return {
    log(level, message) {
      if (level !== "warn" && level !== "error") return;
      io.endProgress();
      io.stderr.write(`warning: ${printable(message)}\n`);
    },
  };
}

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
    row.weight > 0 ? formatPercent(row.weight, 0) : "",
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

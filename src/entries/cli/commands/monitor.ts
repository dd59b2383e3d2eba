import { z } from "zod";
import { ERROR_TABLE } from "../../../foundation/base/errors.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { MonitorResult } from "../../../foundation/contracts/monitoring.js";
import { spanSchema } from "../../../foundation/contracts/span.js";
import { writeDashboards } from "../../../workflows/watch/dashboards.js";
import { monitorModel } from "../../../workflows/watch/monitor.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { projectSettings, readingOf, sourceOptions } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { smtpFromEnvironment, workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "monitor",
  summary: "Judge a model in use: drift, data quality, performance; exit code 3 while an alert is open",
  example: "quern monitor churn --data rows.csv",
  arguments: [{ name: "model", help: "`name`, `name@3` or `name@champion`", required: true }],
  options: z.strictObject({
    window: spanSchema
      .optional()
      .register(fields, { title: "Span of time to judge", help: "`7d`; default as in quern.yaml." }),
    data: z
      .string()
      .optional()
      .register(fields, { title: "Rows to judge instead of the logged predictions" }),
    reference: z
      .string()
      .optional()
      .register(fields, { title: "Rows to compare with instead of those of the training" }),
    labels: z.string().optional().register(fields, {
      title: "Labels to take in first",
      help: "A file with the columns id (of the prediction), actual and, where known, time.",
    }),
    report: z.string().optional().register(fields, { title: "HTML report to write" }),
    dashboards: z.string().optional().register(fields, {
      title: "Folder for Prometheus rules and a Grafana dashboard of the server",
    }),
    language: z.enum(["en", "zh"]).optional().register(fields, {
      title: "Language of report, alerts and dashboard",
      help: "Default as in quern.yaml, else English.",
    }),
    project: z.string().optional().register(fields, {
      title: "Project file",
      help: "Default: quern.yaml in the working folder, if there is one.",
    }),
    ...sourceOptions,
    ...workOptions,
    ...commonOptions,
  }),
  async run([model], options, io) {
    const { window, data, reference, labels, report } = options;
    const { monitoring, extensions, report: wishes } = projectSettings(options.project);
    const { language = wishes.language } = options;
    const result = await monitorModel(
      {
        model: model!,
        language,
        extensions,
        settings: window === undefined ? monitoring : { ...monitoring, window },
        reading: readingOf(options),
        ...(data === undefined ? {} : { data }),
        ...(reference === undefined ? {} : { reference }),
        ...(labels === undefined ? {} : { labels }),
        ...(report === undefined ? {} : { report }),
        ...smtpFromEnvironment(),
      },
      workflowOptions(options, io),
    );
    if (options.dashboards !== undefined) writeDashboards(options.dashboards, language);
    io.result(result, () => describeResult(result));
    return result.alerts.length === 0 ? 0 : ERROR_TABLE.GOAL_NOT_MET.exit;
  },
});

const SHOWN_CHECKS = 10;
const SHOWN_REFUSALS = 5;

function describeLabels(feedback: MonitorResult["feedback"]): string[] {
  if (!feedback) return [];
  const { added, corrected, repeated, refused } = feedback;
  const more = refused.length > SHOWN_REFUSALS ? [`… ${refused.length - SHOWN_REFUSALS} more`] : [];
  return [
    `labels: ${added} new, ${corrected} corrected, ${repeated} known already, ${refused.length} refused`,
    ...refused.slice(0, SHOWN_REFUSALS).map(({ message, hint }) => `  ${printable(`${message} ${hint}`)}`),
    ...more,
    "",
  ];
}

function describeResult({
  window,
  reference,
  drift,
  performance,
  estimated,
  ...result
}: MonitorResult): string {
  const lines = [
    `${result.model}@${result.version}: ${window.rows} predictions (${window.source}) against ${reference.rows} rows of ${reference.source}`,
  ];
  for (const metric of performance?.metrics.slice(0, 1) ?? [])
    lines.push(
      `${metric.name} ${formatNumber(metric.value)} [${formatNumber(metric.low)}, ${formatNumber(metric.high)}] on ${metric.rows} labelled rows; ${formatNumber(metric.reference.value)} at training`,
    );
  if (estimated)
    lines.push(
      `${estimated.metric} estimated without labels ${formatNumber(estimated.value)} [${formatNumber(estimated.low)}, ${formatNumber(estimated.high)}], ${estimated.validity.verdict === "unknown" ? "not checked" : estimated.validity.verdict}`,
    );
  if (drift) {
    const rows = drift.checks
      .slice(0, SHOWN_CHECKS)
      .map(({ column, check, test, effect, leastEffect, adjusted, alarm }) => [
        column ?? "(all together)",
        check === "own" ? test : check,
        formatNumber(effect),
        formatNumber(leastEffect),
        adjusted.toPrecision(2),
        alarm ? "ALARM" : "",
      ]);
    lines.push("", textTable(["column", "check", "change", "alarm from", "p", ""], rows, new Set([2, 3, 4])));
  }
  lines.push("", ...describeLabels(result.feedback));
  if (result.alerts.length === 0) lines.push("No alert is open.");
  for (const { severity, message } of result.alerts) lines.push(`${severity}: ${printable(message)}`);
  for (const { key } of result.resolved) lines.push(`resolved: ${key}`);
  if (result.report !== null) lines.push("", `report  ${result.report}`);
  return lines.join("\n");
}

import { z } from "zod";
import type { DatasetComparison } from "../../../foundation/contracts/dataset.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { compareVersions, listDatasets, showDataset } from "../../../workflows/use/compare-datasets.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const SHORT = 12;

export const command = defineCommand({
  name: "datasets",
  summary: "List and compare dataset versions",
  example: "quern datasets",
  arguments: [
    { name: "before", help: "Show this version; with a second one: what changed", required: false },
    { name: "after", help: "The version to compare with", required: false },
  ],
  options: z.strictObject({
    id: z
      .string()
      .optional()
      .register(fields, { title: "Match rows by this column", help: "Default: by all their values." }),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .register(fields, { title: "Versions to list, newest first" }),
    ...commonOptions,
  }),
  async run([before, after], options, io) {
    const workflow = workflowOptions(options, io);
    if (before !== undefined && after !== undefined) {
      const comparison = await compareVersions(
        { before, after, ...(options.id === undefined ? {} : { id: options.id }) },
        workflow,
      );
      io.result(comparison, () => describeComparison(comparison));
      return undefined;
    }
    if (before !== undefined) {
      const dataset = await showDataset(before, workflow);
      io.result(dataset, () => JSON.stringify(dataset.document, null, 2));
      return undefined;
    }
    const datasets = await listDatasets({ limit: options.limit }, workflow);
    io.result({ datasets }, () =>
      textTable(
        ["dataset", "name", "rows", "columns", "made"],
        datasets.map((dataset) => [
          dataset.id.slice(0, SHORT),
          dataset.name,
          String(dataset.rows),
          String(dataset.columns),
          new Date(dataset.createdAt).toISOString().slice(0, 19).replace("T", " "),
        ]),
        new Set([2, 3]),
      ),
    );
    return undefined;
  },
});

function describeComparison({ rows, schema, distributions }: DatasetComparison): string {
  const changed = rows.changed === undefined ? "" : `, ${rows.changed} changed`;
  const lines = [
    `rows: ${rows.before} before, ${rows.after} after; ${rows.added} added, ${rows.removed} removed${changed}, ${rows.unchanged} unchanged`,
  ];
  for (const name of schema.added) lines.push(`column added: ${name}`);
  for (const name of schema.removed) lines.push(`column removed: ${name}`);
  for (const { column, before, after } of schema.changed)
    lines.push(`column ${column}: ${before} became ${after}`);
  const table = distributions.map((change) => [
    change.column,
    formatNumber(change.psi),
    formatNumber(change.ks),
    formatNumber(change.missingBefore),
    formatNumber(change.missingAfter),
  ]);
  return [
    ...lines,
    "",
    textTable(["column", "PSI", "KS", "missing before", "missing after"], table, new Set([1, 2, 3, 4])),
  ].join("\n");
}

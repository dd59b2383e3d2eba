import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns, textOf } from "../columns.js";
import { percent, quote } from "../wording.js";

const MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const DATE_SHAPES: readonly RegExp[] = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ].*)?$/,
  /^\d{4}年\d{1,2}月\d{1,2}日/,
  new RegExp(`^\\d{1,2}[- ]${MONTH}[- ,]+\\d{2,4}`, "i"),
  new RegExp(`^${MONTH}\\.? \\d{1,2},? \\d{4}`, "i"),
];

export const dateAsText = defineFinder({
  id: "date-as-text",
  version: 1,
  summary: "Texts that look like dates but were not read as such",
  config: z.strictObject({
    share: z
      .number()
      .min(0.5)
      .max(1)
      .default(0.8)
      .register(fields, { title: "Share of values that look like dates" }),
  }),
  find(input, { share: limit }) {
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "category" && column.kind !== "text") continue;
      const texts = Array.from(input.sample.subarray(0, 5000), (row) => textOf(column, row)).filter(
        (text) => text !== "",
      );
      const dates = texts.filter((text) => DATE_SHAPES.some((shape) => shape.test(text.trim())));
      if (dates.length < 2 || dates.length < limit * texts.length) continue;
      const other = texts.find((text) => !DATE_SHAPES.some((shape) => shape.test(text.trim())));
      findings.push({
        id: "date-as-text",
        severity: "warning",
        column: profile.name,
        message: `Column ${quote(profile.name)} looks like dates (${quote(dates[0]!)}) in ${percent(dates.length / texts.length)} of its values${other ? `, with others such as ${quote(other)}` : ""}, but was read as ${profile.kind}, so the model would see labels, not time.`,
        evidence: {
          share: dates.length / texts.length,
          example: dates[0],
          ...(other !== undefined && { other }),
        },
        fix: {
          state: "proposed",
          action: `Write the dates in one form, or name the kind with \`data.kinds: { ${profile.name}: datetime }\`.`,
        },
      });
    }
    return findings;
  },
});

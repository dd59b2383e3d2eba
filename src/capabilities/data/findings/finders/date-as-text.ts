import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { sampledTexts } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

const MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const DATE_SHAPES: readonly RegExp[] = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ].*)?$/,
  /^\d{4}年\d{1,2}月\d{1,2}日/,
  new RegExp(`^\\d{1,2}[- ]${MONTH}[- ,]+\\d{2,4}`, "i"),
  new RegExp(`^${MONTH}\\.? \\d{1,2},? \\d{4}`, "i"),
];

/** Values of a column that are looked at. */
const LOOKED_AT = 5000;

export const dateAsText = defineFinder({
  id: "date-as-text",
  version: 1,
  summary: "Texts that look like dates but were not read as such",
  config: z.strictObject({
    share: shareField(0.8, "Share of values that look like dates", 0.5),
  }),
  find(input, { share: limit }) {
    const findings: Finding[] = [];
    for (const { profile, texts } of sampledTexts(input, LOOKED_AT)) {
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

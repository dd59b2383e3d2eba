/** What is true of each text, from cells such as `[{"start":0,"end":5,"label":"place"}]` or `[[0, 5, "place"]]`. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { Finding } from "../../../foundation/contracts/finding.js";
import type { TaggingTarget, TextSpan } from "../../../foundation/contracts/structured.js";
import type { ParsedTruth } from "../definition.js";

interface NamedSpan {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

const HINT =
  'Write a list such as [{"start":0,"end":5,"label":"place"}], with offsets in UTF-16 units and [] where there is nothing.';

/** @throws QuernError DATA_MALFORMED naming the row, TARGET_UNUSABLE where no text has an entity */
export function parseEntities(
  cells: readonly string[],
  texts: readonly string[],
  known?: readonly string[],
): ParsedTruth<"tagging"> {
  const named = cells.map((cell, row) => (cell === "" ? [] : parseCell(cell, texts[row]!, row)));
  const labels = known ?? [...new Set(named.flat().map(({ label }) => label))].sort();
  if (labels.length === 0) {
    throw new QuernError("TARGET_UNUSABLE", "No text has an entity, so there is nothing to learn.", {
      hint: HINT,
    });
  }
  const codes = new Map(labels.map((label, code) => [label, code]));
  // A label that a model does not know can only be missed.
  const code = (label: string) => codes.get(label) ?? labels.length;
  const all = [...labels, ...(named.flat().some(({ label }) => !codes.has(label)) ? ["(other)"] : [])];
  const rows = named.map((spans) =>
    spans.map(({ start, end, label }): TextSpan => ({ start, end, label: code(label) })),
  );
  const target: TaggingTarget = { task: "tagging", labels: all, rows };
  const usable = Int32Array.from(cells.keys()).filter((row) => cells[row] !== "" && texts[row] !== "");
  return { target, rows: usable, findings: findingsOf(named, usable.length) };
}

function parseCell(cell: string, text: string, row: number): NamedSpan[] {
  let list: unknown;
  try {
    list = JSON.parse(cell);
  } catch {
    throw malformed(row, `${JSON.stringify(cell.slice(0, 60))} is not JSON`);
  }
  if (!Array.isArray(list)) throw malformed(row, "the entities are no list");
  const spans = list.map((entry) => parseSpan(entry, text, row)).sort((a, b) => a.start - b.start);
  for (const [k, span] of spans.entries()) {
    const before = spans[k - 1];
    if (before && span.start < before.end) {
      throw malformed(
        row,
        `the entities ${JSON.stringify(text.slice(before.start, before.end))} and ${JSON.stringify(text.slice(span.start, span.end))} overlap`,
        "Keep one of them: a word belongs to one entity at most.",
      );
    }
  }
  return spans;
}

function parseSpan(entry: unknown, text: string, row: number): NamedSpan {
  const fields = Array.isArray(entry)
    ? { start: entry[0], end: entry[1], label: entry[2] }
    : ((entry ?? {}) as Record<string, unknown>);
  const label = "label" in fields ? fields.label : (fields as Record<string, unknown>).type;
  const { start, end } = fields;
  if (typeof label !== "string" || label === "" || typeof start !== "number" || typeof end !== "number") {
    throw malformed(row, `an entity without start, end or label: ${JSON.stringify(entry).slice(0, 80)}`);
  }
  const said = (fields as Record<string, unknown>).text;
  const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= text.length;
  if (!isInside || start >= end || text.slice(start, end).trim() === "") {
    throw malformed(row, `the entity from ${start} to ${end} is no part of a text of ${text.length} units`);
  }
  if (typeof said === "string" && text.slice(start, end) !== said) throw shifted(row, text, start, end, said);
  return { start, end, label };
}

/** Offsets that were counted otherwise: in Python a character beyond the first 65536 is one, here it is two. */
function shifted(row: number, text: string, start: number, end: number, said: string): QuernError {
  const isByCodePoint = Array.from(text).slice(start, end).join("") === said;
  return malformed(
    row,
    `from ${start} to ${end} the text is ${JSON.stringify(text.slice(start, end))}, not ${JSON.stringify(said)}`,
    isByCodePoint
      ? "The offsets count code points, as Python does; count UTF-16 units, in which an emoji is two or more."
      : "Correct the offsets, or the text of the entity.",
  );
}

function malformed(row: number, why: string, hint = HINT): QuernError {
  return new QuernError("DATA_MALFORMED", `Row ${row + 1}: ${why}.`, { details: { row }, hint });
}

/** Labels with fewer entities can hardly be learnt. */
const FEW = 10;

function findingsOf(named: readonly (readonly NamedSpan[])[], rows: number): Finding[] {
  const counts = new Map<string, number>();
  for (const { label } of named.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const rare = [...counts].filter(([, count]) => count < FEW).map(([label]) => label);
  if (rare.length === 0) return [];
  const all = rare.length === counts.size;
  return [
    {
      id: "rare-labels",
      severity: all ? "warning" : "info",
      message: `Fewer than ${FEW} entities have the label ${rare.slice(0, 10).join(", ")}; such labels are hardly learnt.`,
      evidence: { labels: rare.length, rows },
      fix: { state: "proposed", action: "Give more examples, or join labels." },
    },
  ];
}

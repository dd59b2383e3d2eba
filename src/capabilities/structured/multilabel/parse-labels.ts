/** The labels of each row, from cells such as `["a","b"]`, `a|b`, `a; b` or `a, b`. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { Finding } from "../../../foundation/contracts/finding.js";
import type { MultilabelTarget } from "../../../foundation/contracts/structured.js";
import type { ParsedTruth } from "../definition.js";

/** Tried in this order: a comma may also stand inside a name. The last are Chinese. */
const SEPARATORS = ["|", ";", ",", "；", "，", "、"] as const;
const HINT =
  'Write the labels of a row as `a|b`, `a;b`, `a,b` or ["a","b"], [] where none holds; an empty cell means that they are not known.';

/**
 * One separator for all cells: the first that occurs in any. An empty cell is a row whose labels are not known, `[]` one
 * without labels.
 * @param known labels of a model that is judged, in its order
 * @throws QuernError DATA_MALFORMED naming the row, TARGET_UNUSABLE where no row has a label
 */
export function parseLabels(cells: readonly string[], known?: readonly string[]): ParsedTruth<"multilabel"> {
  const plain = cells.filter((cell) => !isList(cell));
  const separator = SEPARATORS.find((mark) => plain.some((cell) => cell.includes(mark)));
  const named = cells.map((cell, row) => parseCell(cell.trim(), separator, row));
  const found = new Set(named.flat());
  const labels = known ?? [...found].sort();
  if (labels.length === 0) {
    throw new QuernError("TARGET_UNUSABLE", "No row has a label, so there is nothing to learn.", {
      hint: HINT,
    });
  }
  const codes = new Map(labels.map((label, code) => [label, code]));
  const isStrange = [...found].some((label) => !codes.has(label));
  const rows = named.map((names) =>
    // A label that a model does not know can only be missed.
    [...new Set(names.map((name) => codes.get(name) ?? labels.length))].sort((a, b) => a - b),
  );
  const target: MultilabelTarget = {
    task: "multilabel",
    labels: isStrange ? [...labels, "(other)"] : [...labels],
    rows,
  };
  const usable = Int32Array.from(cells.keys()).filter((row) => cells[row]!.trim() !== "");
  return { target, rows: usable, findings: findingsOf(target, usable) };
}

const isList = (cell: string): boolean => cell.trimStart().startsWith("[");

function parseCell(cell: string, separator: string | undefined, row: number): string[] {
  if (cell === "") return [];
  if (!isList(cell)) {
    const parts = separator === undefined ? [cell] : cell.split(separator);
    return parts.map((part) => part.trim()).filter((part) => part !== "");
  }
  let list: unknown;
  try {
    list = JSON.parse(cell);
  } catch {
    throw malformed(row, `${JSON.stringify(cell.slice(0, 60))} is not JSON`);
  }
  const isNames = Array.isArray(list) && list.every((name) => ["string", "number"].includes(typeof name));
  if (!isNames) throw malformed(row, `${cell.slice(0, 60)} is no list of names`);
  return (list as (string | number)[]).map((name) => String(name).trim()).filter((name) => name !== "");
}

function malformed(row: number, why: string): QuernError {
  return new QuernError("DATA_MALFORMED", `Row ${row + 1}: ${why}.`, { details: { row }, hint: HINT });
}

/** Labels of fewer rows can hardly be learnt. */
const FEW = 10;

function findingsOf({ labels, rows }: MultilabelTarget, usable: Int32Array): Finding[] {
  const counts = new Int32Array(labels.length);
  for (const row of usable) for (const label of rows[row]!) counts[label]!++;
  const rare = labels.filter((_, label) => counts[label]! < FEW);
  const empty = rows.length - usable.length;
  return [
    ...(rare.length === 0 ? [] : [rareLabels(rare, labels.length, usable.length)]),
    ...(empty === 0 ? [] : [emptyCells(empty, rows.length)]),
  ];
}

function rareLabels(rare: readonly string[], labels: number, rows: number): Finding {
  return {
    id: "rare-labels",
    severity: rare.length === labels ? "warning" : "info",
    message: `Fewer than ${FEW} rows have the label ${rare.slice(0, 10).join(", ")}; such labels are hardly learnt.`,
    evidence: { labels: rare.length, rows },
    fix: { state: "proposed", action: "Give more examples, or join labels." },
  };
}

function emptyCells(empty: number, rows: number): Finding {
  return {
    id: "unknown-labels",
    severity: 2 * empty > rows ? "warning" : "info",
    message: `${empty} of ${rows} rows have an empty cell and are left out.`,
    evidence: { empty, rows },
    fix: { state: "proposed", action: "Write [] in rows that have none of the labels." },
  };
}

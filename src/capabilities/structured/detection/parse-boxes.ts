/** What is true of each picture, from cells such as `[{"label":"cat","box":[0.1,0.2,0.5,0.4]}]`. */
import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Finding } from "../../../foundation/contracts/finding.js";
import type { DetectionTarget, PictureBox } from "../../../foundation/contracts/structured.js";
import type { ParsedTruth } from "../definition.js";

const HINT =
  'Write a list such as [{"label":"cat","box":[0.1,0.2,0.5,0.4]}]: left edge, upper edge, width and height as shares of the picture, and [] where there is nothing.';
/** What rounding may lie outside. */
const TOLERANCE = 1e-4;

const share = z
  .number()
  .min(-TOLERANCE)
  .max(1 + TOLERANCE);
const objectsSchema = z.array(
  z.object({
    label: z.string().min(1),
    box: z.tuple([share, share, share.positive(), share.positive()]),
    crowd: z.boolean().optional(),
  }),
);
type NamedObject = z.infer<typeof objectsSchema>[number];

/** @throws QuernError DATA_MALFORMED naming the row, TARGET_UNUSABLE where no picture has an object, or none that is known */
export function parseBoxes(cells: readonly string[], known?: readonly string[]): ParsedTruth<"detection"> {
  const named = cells.map((cell, row) => (cell === "" ? [] : parseCell(cell, row)));
  const labels = known ?? [...new Set(named.flat().map(({ label }) => label))].sort();
  if (labels.length === 0) {
    throw new QuernError("TARGET_UNUSABLE", "No picture has an object, so there is nothing to learn.", {
      hint: HINT,
    });
  }
  if (known) requireCommonLabel(named.flat(), known);
  const codes = new Map(labels.map((label, code) => [label, code]));
  const hasOthers = named.flat().some(({ label }) => !codes.has(label));
  const rows = named.map((objects) =>
    objects.map(({ label, box: [x, y, width, height], crowd }): PictureBox => {
      // A label that a model does not know can only be missed.
      const code = codes.get(label) ?? labels.length;
      return { ...{ x, y, width, height, label: code }, ...(crowd ? { isCrowd: true } : {}) };
    }),
  );
  const target: DetectionTarget = {
    task: "detection",
    labels: [...labels, ...(hasOthers ? ["(other)"] : [])],
    rows,
  };
  const usable = Int32Array.from(cells.keys()).filter((row) => cells[row] !== "");
  return { target, rows: usable, findings: findingsOf(named, usable.length) };
}

/** A model that knows none of the labels answers in other words: its figures would be zeros that mean nothing. */
function requireCommonLabel(objects: readonly NamedObject[], known: readonly string[]): void {
  if (objects.length === 0 || objects.some(({ label }) => known.includes(label))) return;
  const found = [...new Set(objects.map(({ label }) => label))];
  const list = (names: readonly string[]) =>
    `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
  throw new QuernError(
    "TARGET_UNUSABLE",
    `The objects are called ${list(found)}; the model answers ${list(known)}. No name is in both.`,
    {
      details: { labels: found.slice(0, 100), known: known.slice(0, 100) },
      hint: "Name the classes as the annotations do: `quern import` takes them with --classes.",
    },
  );
}

function parseCell(cell: string, row: number): readonly NamedObject[] {
  let value: unknown;
  try {
    value = JSON.parse(cell);
  } catch {
    throw malformed(row, `${JSON.stringify(cell.slice(0, 60))} is not JSON`);
  }
  const parsed = objectsSchema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const [index, ...key] = path;
    const object =
      typeof index === "number" ? `object ${index + 1}${key.length > 0 ? `, ${key.join(".")}` : ""}: ` : "";
    throw malformed(row, `${object}${message}`);
  }
  const outside = parsed.data.findIndex(
    ({ box: [x, y, width, height] }) => x + width > 1 + TOLERANCE || y + height > 1 + TOLERANCE,
  );
  if (outside < 0) return parsed.data;
  throw malformed(row, `object ${outside + 1}: its box leaves the picture`);
}

function malformed(row: number, why: string): QuernError {
  return new QuernError("DATA_MALFORMED", `Row ${row + 1}: ${why}.`, { details: { row }, hint: HINT });
}

/** Labels with fewer objects can hardly be learnt. */
const FEW = 20;

function findingsOf(named: readonly (readonly NamedObject[])[], rows: number): Finding[] {
  const counts = new Map<string, number>();
  for (const { label } of named.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const rare = [...counts].filter(([, count]) => count < FEW).map(([label]) => label);
  if (rare.length === 0) return [];
  return [
    {
      id: "rare-labels",
      severity: rare.length === counts.size ? "warning" : "info",
      message: `Fewer than ${FEW} objects have the label ${rare.slice(0, 10).join(", ")}; such labels are hardly learnt.`,
      evidence: { labels: rare.length, rows },
      fix: { state: "proposed", action: "Give more examples, or join labels." },
    },
  ];
}

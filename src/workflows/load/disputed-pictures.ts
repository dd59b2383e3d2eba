/** Copies of one picture that lie in different classes: a model can be right about one of them only. */
import { quote, rowsOf } from "../../capabilities/data/findings/wording.js";
import { imageFileBytes, readImageFile } from "../../capabilities/data/sources/index.js";
import { DEFAULT_IMAGE_LIMITS } from "../../capabilities/vision/index.js";
import { readFrame } from "../../engines/table/index.js";
import { sha256 } from "../../foundation/base/hash.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { TextColumn } from "../../foundation/contracts/frame.js";
import { throwIfAborted } from "../context.js";
import type { TableWithImages } from "./images.js";

const MOST_EXAMPLES = 3;

/**
 * Told of tables in which nothing but one picture a row says what the target is; elsewhere a picture may well belong
 * to several rows. Files are compared byte by byte, those of equal length alone.
 * @param target whose classes a person gave; a number may differ between looks at one thing
 * @param taken columns that have a role, the target among them
 */
export async function findDisputedPictures(
  { table, imageFolder }: TableWithImages,
  schema: readonly ColumnSchema[],
  { target, taken }: { readonly target: string; readonly taken: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const told = schema.filter(({ name, kind }) => !taken.has(name) && kind !== "ignore" && kind !== "id");
  const [pictures] = told;
  if (imageFolder === undefined || told.length !== 1 || pictures?.kind !== "image") return [];
  const asTexts = [pictures.name, target].map((name) => ({ name, kind: "text" as const, reason: "" }));
  const { columns } = await readFrame(table, asTexts);
  const [files, classes] = asTexts.map(({ name }) => (columns.get(name) as TextColumn).values);
  const labelled = files!.flatMap((file, row) => (file === "" || classes![row] === "" ? [] : [row]));
  const disputed = copies(labelled, files!, imageFolder, signal).filter(
    (rows) => new Set(rows.map((row) => classes![row])).size > 1,
  );
  if (disputed.length === 0) return [];
  const rows = disputed.reduce((sum, members) => sum + members.length, 0);
  const examples = disputed
    .slice(0, MOST_EXAMPLES)
    .map((members) => members.map((row) => `${files![row]} (${classes![row]})`).join(" = "));
  return [
    {
      id: "disputed-pictures",
      severity: "warning",
      column: pictures.name,
      message: `${rowsOf(rows, table.rows)} show a picture of which a copy has another ${quote(target)}: ${examples.join("; ")}${disputed.length > examples.length ? "; …" : ""}. No model can be right on all of them.`,
      evidence: { rows, share: rows / table.rows, examples: examples.join("; ") },
      fix: {
        state: "proposed",
        action: "Keep each picture in the class that it shows, and remove its copies.",
      },
    },
  ];
}

/** Groups of rows whose files have the same bytes; what cannot be read is told elsewhere. */
function copies(
  rows: readonly number[],
  files: readonly string[],
  folder: string,
  signal: AbortSignal,
): number[][] {
  const sameLength = grouped(rows, (row) => imageFileBytes(folder, files[row]!));
  return sameLength.flatMap((members) =>
    grouped(members, (row) => {
      throwIfAborted(signal);
      return contentOf(folder, files[row]!);
    }),
  );
}

/** Those that share a key, if they are several; those without one are left out. */
function grouped(rows: readonly number[], keyOf: (row: number) => number | string | undefined): number[][] {
  const groups = new Map<number | string, number[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === undefined) continue;
    const members = groups.get(key);
    if (members) members.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].filter((members) => members.length > 1);
}

function contentOf(folder: string, file: string): string | undefined {
  try {
    return sha256(readImageFile(folder, file, DEFAULT_IMAGE_LIMITS.bytes));
  } catch {
    return undefined;
  }
}

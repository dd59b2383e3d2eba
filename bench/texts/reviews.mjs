// Food reviews as frames: what the benchmarks of texts share.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { subwords } from "../../dist/capabilities/features/host/subwords/subwords.js";
import { createFrame } from "../../dist/foundation/contracts/frame.js";

export const option = (name, otherwise) =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const data = option("data", process.env.QUERN_DATA ?? join(root, "../data"));

/** Rows of a file in which every cell is quoted. */
export function rowsOf(name) {
  const cells = readFileSync(join(data, name), "utf8").matchAll(/"((?:[^"]|"")*)"(,|\r?\n|$)/g);
  const rows = [[]];
  for (const [, cell, end] of cells) {
    rows.at(-1).push(cell.replaceAll('""', '"'));
    if (end !== ",") rows.push([]);
  }
  return rows.filter(({ length }) => length === 3).slice(1);
}

export const textsOf = (rows) =>
  createFrame([["review", { kind: "text", values: rows.map(([, review]) => review) }]]);

export function targetOf(rows) {
  const codes = Int32Array.from(rows, ([, , score]) => (score === "great" ? 1 : 0));
  return { task: "binary", codes, classes: ["other", "great"] };
}

/** @param state of the tokenizer */
export const labelled = (rows, state) => ({
  features: subwords.apply(textsOf(rows), state),
  target: targetOf(rows),
});

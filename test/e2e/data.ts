/** Small files for the command line's tests, cut from the examples. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXAMPLES } from "./quern.js";

export const PENGUINS = join(EXAMPLES, "data/penguins.csv");
const CUSTOMERS = join(EXAMPLES, "data/telco-churn.csv");

/** Rows `from` to `to` of the churn example with an id in front; header first. */
export function customers(from: number, to: number): string[] {
  const [header, ...rows] = readFileSync(CUSTOMERS, "utf8").trim().split(/\r?\n/);
  return [`customer_id,${header}`, ...rows.slice(from, to).map((row, i) => `C-${10_000 + from + i},${row}`)];
}

/** Lines without their columns of these names. Cells must hold no delimiter. */
export function without(lines: readonly string[], ...names: readonly string[]): string[] {
  const header = lines[0]!.split(",");
  const kept = header.flatMap((name, k) => (names.includes(name.replaceAll('"', "")) ? [] : [k]));
  return lines.map((line) => {
    const cells = line.split(",");
    return kept.map((k) => cells[k]).join(",");
  });
}

/** The species are told apart so well that boosting without a limit goes on to thousands of trees for each of them. */
export const FEW_TREES = "{ trainer: gbdt, iterations: 40, iterationLimit: 40 }";

export const penguins = (): string[] => readFileSync(PENGUINS, "utf8").trim().split(/\r?\n/);

export function writeLines(path: string, lines: readonly string[]): string {
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** CSV without quoting, as predictions of plain labels are. */
export const cellsOf = (text: string): string[][] =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(","));

// Ten folds of a table, stratified, by a fixed seed: the same for every system.
import { readFileSync } from "node:fs";
import { stratifiedFolds } from "../../dist/capabilities/trainers/numeric/folds.js";
import { createRandom } from "../../dist/foundation/base/random.js";

export const FOLDS = 10;

/** Header and lines of CSV files with one row a line. */
export function readTable(paths) {
  const parts = paths.map((path) => readFileSync(path, "utf8").trim().split(/\r?\n/));
  return { header: parts[0][0], lines: parts.flatMap((lines) => lines.slice(1)) };
}

/** Fold of each line. */
export function foldsOf({ header, lines }, { target, task, keepsTwinsTogether }) {
  const column = cellsOf(header).indexOf(target);
  if (column < 0) throw new Error(`There is no column ${target}.`);
  const values = lines.map((line) => cellsOf(line)[column]);
  const random = createRandom("automl bench");
  if (!keepsTwinsTogether) return stratifiedFolds(strata(values, task), FOLDS, random);
  // One line stands for all its twins.
  const first = new Map(lines.map((line, i) => [line, i]).reverse());
  const distinct = [...new Set(lines.map((line) => first.get(line)))];
  const assigned = stratifiedFolds(
    strata(
      distinct.map((i) => values[i]),
      task,
    ),
    FOLDS,
    random,
  );
  const foldOf = new Map(distinct.map((i, k) => [i, assigned[k]]));
  return lines.map((line) => foldOf.get(first.get(line)));
}

function strata(values, task) {
  if (task !== "regression") {
    const classes = [...new Set(values)];
    return values.map((value) => classes.indexOf(value));
  }
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const bins = new Array(values.length);
  for (const [rank, i] of order.entries()) bins[i] = Math.floor((rank * 10) / order.length);
  return bins;
}

function cellsOf(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

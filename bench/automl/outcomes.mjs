// What was measured: a line a fold and system, kept so that a long comparison can go on another day, and its table.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { SETS } from "./sets.mjs";

const SYSTEMS = ["quern", "autogluon", "flaml", "lightgbm", "sklearn"];

/** @param path a file of JSON lines that is read and added to; without one, nothing is kept */
export function openOutcomes(path) {
  const outcomes = path && existsSync(path) ? readOutcomes(path) : [];
  return {
    has: (set, fold, system) =>
      outcomes.some((known) => known.set === set && known.fold === fold && known.system === system),
    add(outcome) {
      outcomes.push(outcome);
      if (path) appendFileSync(path, `${JSON.stringify(outcome)}\n`);
    },
    table: () => tableOf(outcomes),
  };
}

const readOutcomes = (path) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));

/** Markdown: a row a table, a column a system; means over the folds that all systems of the row have. */
export function tableOf(outcomes) {
  const systems = SYSTEMS.filter((system) => outcomes.some((known) => known.system === system));
  const rows = Object.entries(SETS).flatMap(([name, set]) => {
    const own = outcomes.filter((known) => known.set === name);
    const present = systems.filter((system) => own.some((known) => known.system === system));
    const folds = [...new Set(own.map(({ fold }) => fold))].filter((fold) =>
      present.every((system) => own.some((known) => known.fold === fold && known.system === system)),
    );
    if (folds.length === 0) return [];
    const cells = systems.map((system) => {
      const known = own.filter((outcome) => outcome.system === system && folds.includes(outcome.fold));
      return known.length === 0 ? "" : cellOf(known);
    });
    return [`| ${name} | ${set.metric} | ${folds.length} | ${[...cells, publishedOf(set)].join(" | ")} |`];
  });
  return [
    `| table | metric | folds | ${systems.join(" | ")} | published: 10 folds, 10 minutes, 8 cores |`,
    `|${"---|".repeat(systems.length + 4)}`,
    ...rows,
  ].join("\n");
}

const publishedOf = ({ published = {} }) =>
  Object.entries(published)
    .map(([system, [value, spread]]) => `${system} ${value} ± ${spread}`)
    .join(", ");

/** Without an exponent. */
const digits = (value, count) => String(Number(value.toPrecision(count)));

function cellOf(outcomes) {
  const values = outcomes.map(({ value }) => value);
  const spread = values.length > 1 ? ` ± ${digits(deviation(values), 2)}` : "";
  return `${digits(mean(values), 4)}${spread} (${mean(outcomes.map(({ seconds }) => seconds)).toFixed(0)} s)`;
}

// node scripts/learn-portfolio/learn.mjs SETS RESULTS check|write: learns the lists; `check` leaves sets out in turn,
// `write` puts the lists into the code, and the losses and seconds they come from beside this script.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CANDIDATES } from "./candidates.mjs";
import { BUDGETS, leaveOneOut, mean, TRIALS } from "./check.mjs";
import { listSets, SIZES } from "./material.mjs";
import { learnOrder, TASKS } from "./order.mjs";
import { readScores } from "./scores.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const [folder, results, mode] = process.argv.slice(2);

const sets = readScores(listSets(folder), results);
const lists = TASKS.flatMap((task) =>
  SIZES.map((size) => ({ task, size, entries: learnOrder(sets, { task, size }, CANDIDATES) })),
);
for (const { task, size, entries } of lists) {
  console.log(`\n${task}, ${size}`);
  for (const { id, loss, cost } of entries)
    console.log(`  ${loss.toFixed(3)}  ${cost.toFixed(2).padStart(6)}  ${id}`);
}
printIdle();
if (mode === "check") printChecks();
if (mode === "write") {
  writeFileSync(join(root, "src/capabilities/tuning/learned-lists.ts"), source());
  writeFileSync(join(here, "scores.json"), `${JSON.stringify(table(), null, 0)}\n`);
}

function printChecks() {
  const checks = sets.map((set) => ({ set, curves: leaveOneOut(sets, set, CANDIDATES) }));
  console.log(
    `\nSets left out; mean normalised loss after ${TRIALS} trials, then after ${BUDGETS} s of work`,
  );
  for (const size of [...SIZES, undefined]) {
    const own = checks.filter(({ set }) => size === undefined || set.size === size);
    console.log(`${size ?? "all"} (${own.length} sets)`);
    for (const way of ["learned", "handMade", "random"]) {
      const means = own[0].curves[way].map((_, at) => mean(own.map(({ curves }) => curves[way][at])));
      console.log(`  ${way.padEnd(9)} ${means.map((value) => value.toFixed(3)).join("  ")}`);
    }
  }
}

function printIdle() {
  const used = new Set(lists.flatMap(({ entries }) => entries.map(({ id }) => id.split(" ")[0])));
  const families = new Set(CANDIDATES.map(({ trainer }) => trainer.id));
  console.log(`\nIn no list: ${[...families].filter((id) => !used.has(id)).join(", ")}`);
}

/** The lists as TypeScript, formatted by the linter. */
function source() {
  const entryOf = ({ id }) => {
    const { trainer, config } = CANDIDATES.find((candidate) => candidate.id === id);
    return { trainer: trainer.id, ...(Object.keys(config).length > 0 ? { config } : {}) };
  };
  const parts = TASKS.map((task) => {
    const bySize = lists.filter((list) => list.task === task);
    const body = bySize.map(({ size, entries }) => `${size}: ${JSON.stringify(entries.map(entryOf))}`);
    return `${task}: { ${body.join(", ")} }`;
  });
  return `/** Learned by scripts/learn-portfolio over ${sets.length} tables; written by it, not by hand. */
import type { PortfolioEntry } from "./portfolio.js";

export type DataSize = "small" | "medium" | "large";
export type LearnedTask = "binary" | "multiclass" | "regression";

export const LEARNED_LISTS: Readonly<Record<LearnedTask, Readonly<Record<DataSize, readonly PortfolioEntry[]>>>> = { ${parts.join(", ")} };
`;
}

/** What the lists were learned from, and how: every step with the gains of those who came next. */
function table() {
  const short = (value) => (value === undefined ? null : Number(value.toPrecision(5)));
  return {
    candidates: CANDIDATES.map(({ id }) => id),
    sets: sets.map(({ name, task, rows, size, source: origin, scale, losses, seconds }) => ({
      name,
      task,
      rows,
      size,
      source: origin,
      bestEnsemble: short(scale.best),
      spread: short(scale.spread),
      losses: CANDIDATES.map(({ id }) => short(losses.get(id))),
      seconds: CANDIDATES.map(({ id }) => short(seconds.get(id))),
    })),
    lists: lists.map(({ task, size, entries }) => ({
      task,
      size,
      steps: entries.map(({ id, loss, cost, gain, runnersUp }) => ({
        candidate: indexOf(id),
        loss: short(loss),
        gain: short(gain),
        cost: short(cost),
        next: runnersUp.map((option) => [indexOf(option.id), short(option.gain)]),
      })),
    })),
  };
}

function indexOf(id) {
  return CANDIDATES.findIndex((candidate) => candidate.id === id);
}

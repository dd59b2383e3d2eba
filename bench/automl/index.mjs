// A whole training against AutoML peers and single learners: score and seconds a fold, published means beside.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { train } from "../../dist/index.js";
import { FOLDS, foldsOf, readTable } from "./folds.mjs";
import { openOutcomes } from "./outcomes.mjs";
import { SETS } from "./sets.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const work = join(root, ".bench/automl");
const environment = join(root, ".bench/venv-automl");
const python = process.env.QUERN_BENCH_PYTHON ?? join(environment, "bin/python");
const tables = process.env.QUERN_DATA ?? join(root, "examples/data");
const folds = Number(process.env.QUERN_BENCH_FOLDS ?? 2);
const time = process.env.QUERN_BENCH_TIME;
const peers = (process.env.QUERN_BENCH_PEERS ?? "lightgbm,sklearn").split(",").filter((name) => name !== "");
const peerSeconds = process.env.QUERN_BENCH_SECONDS ?? "60";
const wanted = process.env.QUERN_BENCH_SETS?.split(",") ?? Object.keys(SETS);
const PART = "bench_part";

function prepare() {
  mkdirSync(work, { recursive: true });
  if (!existsSync(python)) {
    execFileSync("python3", ["-m", "venv", environment]);
    execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
      stdio: "inherit",
    });
  }
  execFileSync(python, [join(here, "sklearn_sets.py"), work]);
}

const filesOf = (name) =>
  SETS[name].sklearn ? [join(work, `${name}.csv`)] : SETS[name].files.map((file) => join(tables, file));

/** The table with a column that says which rows this fold tests. */
function writeFold(name, { header, lines }, assignment, fold) {
  const path = join(work, `${name}-${fold}.csv`);
  const parted = lines.map((line, i) => `${line},${assignment[i] === fold ? "test" : "train"}`);
  writeFileSync(path, `${[`${header},${PART}`, ...parted].join("\n")}\n`);
  return path;
}

async function ours(path, { target, task, positive, metric, project = {} }) {
  const store = join(work, "store");
  rmSync(store, { recursive: true, force: true });
  const result = await train(
    {
      project: {
        ...project,
        data: { source: path },
        task: { target, type: task, metric, ...(positive ? { positive } : {}) },
        split: { kind: "columns", column: PART },
        evaluation: { resamples: 0, learningCurve: false },
        ...(time ? { tuning: { time } } : {}),
      },
    },
    { store },
  );
  const chosen = result.leaderboard.filter((row) => row.weight > 0).sort((a, b) => b.weight - a.weight);
  return {
    value: result.metrics[metric],
    seconds: result.seconds,
    note: chosen.map((row) => `${row.trainer} ${row.weight.toFixed(2)}`).join(", "),
    heldOut: result.ensemble.value,
  };
}

function peer(name, path, { target, task, metric }) {
  const answer = execFileSync(
    python,
    [join(here, "peers.py"), name, path, PART, target, task, metric, peerSeconds],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  return JSON.parse(answer.toString().trim().split("\n").at(-1));
}

prepare();
const outcomes = openOutcomes(process.env.QUERN_BENCH_RECORD);
const present = wanted.filter((name) => {
  const missing = filesOf(name).find((file) => !existsSync(file));
  if (missing) console.log(`${name}: not there (${missing})`);
  return !missing;
});
// Fold by fold, so that a run that is cut short has something of every table.
for (let fold = 0; fold < Math.min(folds, FOLDS); fold++) {
  for (const name of present) {
    const set = SETS[name];
    const pending = ["quern", ...peers].filter((system) => !outcomes.has(name, fold, system));
    if (pending.length === 0) continue;
    const table = readTable(filesOf(name));
    const path = writeFold(name, table, foldsOf(table, set), fold);
    for (const system of pending) {
      try {
        const outcome = system === "quern" ? await ours(path, set) : peer(system, path, set);
        const budget = system === "quern" ? (time ?? "counted work") : `${peerSeconds}s`;
        outcomes.add({ set: name, fold, system, budget, ...outcome });
        console.log(
          `  ${name} fold ${fold} ${system}: ${outcome.value.toPrecision(5)} in ${outcome.seconds.toFixed(1)} s${outcome.note ? ` (held out ${outcome.heldOut?.toPrecision(4)}; ${outcome.note})` : ""}`,
        );
      } catch (failure) {
        console.log(`  ${name} fold ${fold} ${system}: FAILED ${String(failure.message).split("\n")[0]}`);
      }
    }
    rmSync(path);
  }
}
console.log(`\n${outcomes.table()}`);

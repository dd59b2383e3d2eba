// `node bench/automl/time.mjs [seconds] [set ...]`: trains every set of QUERN_DATA with `--time`, and prints the wall
// seconds of the whole command, their share of what was asked for, and whether a model was registered; one line a set.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SETS } from "./sets.mjs";

const MAIN = fileURLToPath(new URL("../../dist/entries/cli/main.js", import.meta.url));
/** Ends within a tenth of what was asked for. */
const TOLERANCE = 0.1;
const [asked = "60", ...only] = process.argv.slice(2);
const seconds = Number(asked);
const data = process.env.QUERN_DATA;
if (!data || !(seconds > 0)) {
  console.error("Usage: QUERN_DATA=<folder> node bench/automl/time.mjs [seconds] [set ...]");
  process.exit(2);
}

const READY = {
  ...SETS,
  "food-reviews": { files: ["food-reviews-train.csv"], target: "score" },
};
const sets = Object.entries(READY).filter(
  ([name, { files }]) =>
    files?.every((file) => existsSync(join(data, file))) && (only.length === 0 || only.includes(name)),
);

/** The whole command, as a user waits for it. */
function train({ files, target, project: own = {} }, folder) {
  const sources = files.map((file) => resolve(data, file));
  const project = { ...own, data: { source: sources }, task: { target }, tuning: { time: `${seconds}s` } };
  writeFileSync(join(folder, "quern.yaml"), JSON.stringify(project));
  const args = [MAIN, "train", "--json", "--quiet"];
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, QUERN_HOME: "" } });
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.resume();
  return new Promise((done) =>
    child.on("close", (code) => done({ code, stdout, wall: (performance.now() - started) / 1000 })),
  );
}

function told({ code, stdout, wall }) {
  const share = wall / seconds;
  const inTime = Math.abs(share - 1) <= TOLERANCE;
  let result;
  try {
    result = JSON.parse(stdout);
  } catch {
    result = { error: { message: "no JSON" } };
  }
  const model = code === 0 && result.model ? `${result.model}@${result.version}` : undefined;
  const says = model
    ? `${model} registered, ${result.leaderboard.length} trials, ${result.ensemble.members} members, ${result.metric.name} ${result.metric.value?.toPrecision(5)}`
    : `NO MODEL, exit ${code}: ${result.error?.message}`;
  return {
    ok: inTime && model !== undefined,
    text: `${wall.toFixed(1).padStart(7)} s  ${share.toFixed(2)}  ${inTime ? "in time " : "OFF TIME"}  ${says}`,
  };
}

let held = 0;
for (const [name, set] of sets) {
  const folder = mkdtempSync(join(tmpdir(), "quern-time-"));
  try {
    const { ok, text } = told(await train(set, folder));
    if (ok) held++;
    console.log(`${name.padEnd(14)} ${text}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${held} of ${sets.length} sets ended within ${100 * TOLERANCE} % of ${seconds} s with a model`);
if (held < sets.length) process.exitCode = 1;

// CSV ingest and profile against pandas. Nothing is asserted; the figures are printed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeTable } from "./table.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const work = join(here, "../../.bench");
const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: "1e9" },
    runs: { type: "string", default: "3" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});

function python() {
  const chosen = process.env.QUERN_BENCH_PYTHON;
  if (chosen) return chosen;
  const environment = join(work, "ingest-venv");
  const binary = join(environment, "bin/python");
  if (!existsSync(binary)) {
    execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
    execFileSync(binary, ["-m", "pip", "install", "-q", "-r", join(here, "requirements.txt")], {
      stdio: "inherit",
    });
  }
  return binary;
}

const run = (command, ...args) =>
  JSON.parse(execFileSync(command, args, { encoding: "utf8" }).trim().split("\n").at(-1));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const file = join(work, `ingest-${values.bytes}.csv`);
writeTable(file, Number(values.bytes));
const peer = python();
const ours = [];
const theirs = [];
for (let i = 0; i < Number(values.runs); i++) {
  ours.push(run(process.execPath, join(here, "quern.mjs"), file, values.threads));
  theirs.push(run(peer, join(here, "peer.py"), file));
}

const row = (name, results) => ({
  name,
  seconds: median(results.map((result) => result.total)).toFixed(1),
  ...Object.fromEntries(
    Object.keys(results[0].seconds).map((stage) => [
      stage,
      median(results.map((result) => result.seconds[stage])).toFixed(1),
    ]),
  ),
  "peak MB": Math.round(Math.max(...results.map((result) => result.peakMB))),
});
console.log(
  `${file}: ${ours[0].rows} rows, ${values.runs} runs, ${values.threads} threads, ${cpus()[0]?.model}, ${new Date().toISOString().slice(0, 10)}`,
);
console.table([row("quern", ours), row("pandas", theirs)]);
const ratio = median(ours.map((result) => result.total)) / median(theirs.map((result) => result.total));
console.log(`time ratio ${ratio.toFixed(2)} (target 0.30)`);

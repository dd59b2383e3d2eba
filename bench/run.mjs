// `npm run bench`: all benchmarks, or those named: `npm run bench -- gbdt serve`. Options after `--` go to them.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const BENCHES = [
  "gbdt",
  "classical",
  "neural",
  "texts",
  "estimates",
  "train",
  "ingest",
  "search",
  "serve",
  "explain",
];

/** Long ones, which run only when they are named. */
const LONG = ["automl", "soak"];

const named = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
const unknown = named.find((name) => ![...BENCHES, ...LONG].includes(name));
if (unknown) {
  console.error(`There is no benchmark ${unknown}; there are ${[...BENCHES, ...LONG].join(", ")}.`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : BENCHES) {
  console.log(`\n== ${name}`);
  const child = spawn(process.execPath, [join(here, name, "index.mjs"), ...options], { stdio: "inherit" });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) process.exitCode = 1;
}

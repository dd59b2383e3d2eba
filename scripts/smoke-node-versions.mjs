// Runs the built command line under Node 22 and 24. The npm packages `node-<platform>` carry the bare binary.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSIONS = [22, 24];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const data = join(root, "examples/data/penguins.csv");
const folder = mkdtempSync(join(tmpdir(), "quern-node-"));
const binaries = VERSIONS.map(
  (version) => `node${version}@npm:node-${process.platform}-${process.arch}@${version}`,
);

function smoke(node, cwd) {
  const run = (...args) =>
    execFileSync(node, args, { encoding: "utf8", cwd, stdio: ["ignore", "pipe", "pipe"] });
  const quern = (...args) =>
    run(join(root, "dist/entries/cli/main.js"), ...args, "--store", join(cwd, "store"));
  const trained = JSON.parse(
    quern("train", data, "--target", "species", "--name", "smoke", "--trials", "3", "--json"),
  );
  quern("predict", "smoke", data, "--out", join(cwd, "predictions.csv"));
  const doctor = JSON.parse(quern("doctor", "--json"));
  const version = run("--version").trim();
  if (trained.metric.value === null || !doctor.ok)
    throw new Error(`The smoke test failed under Node ${version}.`);
  console.log(
    `Node ${version}: ${trained.model}@${trained.version}, ${trained.metric.name} ${trained.metric.value}`,
  );
}

try {
  execFileSync(
    "npm",
    ["install", "--silent", "--no-save", "--ignore-scripts", "--prefix", folder, ...binaries],
    { stdio: "inherit" },
  );
  for (const version of VERSIONS) {
    const cwd = mkdtempSync(join(folder, `run-${version}-`));
    smoke(join(folder, `node_modules/node${version}/bin/node`), cwd);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

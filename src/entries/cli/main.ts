#!/usr/bin/env node
import { VERBS } from "./verbs.js";

const argv = process.argv.slice(2);

// A reader that leaves early (`quern plan | head`) is no failure: the work goes on and ends with its own code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (failure: NodeJS.ErrnoException) => {
    if (failure.code !== "EPIPE") throw failure;
  });
}

function overview(version: string): string {
  const width = Math.max(...VERBS.map((verb) => verb.name.length));
  const lines = VERBS.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`);
  return `quern ${version}: from raw data to a watched prediction service

Usage: quern <verb> [arguments] [flags]

${lines.join("\n")}

Start: quern train data.csv --target COLUMN
Help:  quern <verb> --help
`;
}

const [first, second] = argv;
const asksForVerb = first === "help" && second !== undefined && !second.startsWith("-");
if (first === undefined || first === "--help" || first === "-h" || (first === "help" && !asksForVerb)) {
  const { QUERN_VERSION } = await import("../../foundation/base/version.js");
  process.stdout.write(overview(QUERN_VERSION));
  process.exitCode = first === undefined ? 2 : 0;
} else if (first === "--version" || first === "-V") {
  const { QUERN_VERSION } = await import("../../foundation/base/version.js");
  process.stdout.write(`${QUERN_VERSION}\n`);
} else {
  const { runVerb } = await (first === "serve" ? import("./serve-start.js") : import("./run-verb.js"));
  process.exitCode = await runVerb(asksForVerb ? [second, "--help"] : argv);
}

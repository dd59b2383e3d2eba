import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import type { Command } from "./command.js";
import { runCommand } from "./run-command.js";
import { VERBS } from "./verbs.js";

/** Runs the verb that `argv` begins with; returns the exit code and never throws. */
export function runVerb(argv: readonly string[]): Promise<number> {
  return runCommand(() => findCommand(argv[0]!), argv);
}

async function findCommand(name: string): Promise<Command> {
  const verb = VERBS.find((candidate) => candidate.name === name);
  if (verb) return verb.load();
  const guess = nearest(
    name,
    VERBS.map((candidate) => candidate.name),
  );
  throw new QuernError("USAGE", `There is no verb ${JSON.stringify(name)}.`, {
    hint: guess
      ? `Did you mean \`quern ${guess}\`? \`quern --help\` lists the verbs.`
      : "`quern --help` lists the verbs.",
  });
}

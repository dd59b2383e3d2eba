/**
 * The verb `serve` with all that it loads. The build makes one file of it: finding and reading hundreds of small ones takes
 * most of the time until a server's first answer.
 */
import type { Command } from "./command.js";
import { command } from "./commands/serve.js";
import { runCommand } from "./run-command.js";

/** As `runVerb`, for an `argv` that begins with `serve`. */
export function runVerb(argv: readonly string[]): Promise<number> {
  return runCommand(async () => command as Command, argv);
}

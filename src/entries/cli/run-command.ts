import { CommanderError, type Option, Command as Parser } from "commander";
import { ERROR_TABLE, QuernError } from "../../foundation/base/errors.js";
import type { Command } from "./command.js";
import { flagsOf, parseFlags } from "./flags.js";
import { createIo, printFailure } from "./io.js";

/**
 * Loads, parses, runs, prints and returns the exit code; never throws.
 * @param argv the verb and what follows it
 */
export async function runCommand(load: () => Promise<Command>, argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  const interruption = listenForInterruption();
  try {
    const command = await load();
    const parsed = parseArguments(command, argv.slice(1));
    if (parsed === "help") return 0;
    const { stdout, stderr } = process;
    const options = parseFlags(command.options, parsed.flags);
    const quiet = (options as { quiet?: boolean }).quiet === true;
    const io = createIo({ stdout, stderr, json, quiet, signal: interruption.signal });
    return (await command.run(parsed.positional, options, io)) ?? 0;
  } catch (thrown) {
    // What an abort makes fail is not worth telling; the abort is.
    const failure =
      interruption.signal.aborted && !QuernError.is(thrown) ? interruption.signal.reason : thrown;
    const known = printFailure(pointingTo(argv[0]!, failure), process.stdout, process.stderr, json);
    return known ? ERROR_TABLE[known.code].exit : 1;
  } finally {
    interruption.stop();
  }
}

/** A usage error without a hint of its own points to the help of the verb that was called. */
function pointingTo(verb: string, failure: unknown): unknown {
  if (!QuernError.is(failure) || failure.hint !== ERROR_TABLE.USAGE.hint) return failure;
  const { message, details } = failure;
  return new QuernError("USAGE", message, { hint: `See \`quern ${verb} --help\`.`, details });
}

function parseArguments(
  command: Command,
  argv: readonly string[],
): { positional: string[]; flags: Record<string, unknown> } | "help" {
  const parser = new Parser(`quern ${command.name}`)
    .description(command.summary)
    .helpOption("-h, --help", "Show this help")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => process.stdout.write(text) })
    .addHelpText("after", `\nExample:\n  ${command.example}`);
  for (const argument of command.arguments) {
    parser.argument(argument.required ? `<${argument.name}>` : `[${argument.name}]`, argument.help);
  }
  const flags = flagsOf(command.options);
  for (const option of flags) parser.addOption(option);
  try {
    refuseSwallowedFlag(flags, argv);
    parser.parse([...argv], { from: "user" });
  } catch (failure) {
    if (!(failure instanceof CommanderError)) throw failure;
    if (failure.exitCode === 0) return "help";
    const message = failure.message.replace(/^error: /, "");
    throw new QuernError("USAGE", `${message.charAt(0).toUpperCase()}${message.slice(1)}`, {
      hint: `See \`quern ${command.name} --help\`.`,
    });
  }
  return { positional: parser.args, flags: parser.opts() };
}

/** `--target --json` means a forgotten value, not a column called `--json` (which is written `--target=--json`). */
function refuseSwallowedFlag(flags: readonly Option[], argv: readonly string[]): void {
  const position = argv.findIndex(
    (word, k) =>
      flags.some((flag) => flag.long === word && !flag.isBoolean()) &&
      flags.some((flag) => flag.long === argv[k + 1]),
  );
  if (position >= 0)
    throw new QuernError("USAGE", `The flag ${argv[position]} needs a value before ${argv[position + 1]}.`);
}

/** The first signal asks for a clean stop; the second one ends the process. */
function listenForInterruption(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(ERROR_TABLE.INTERRUPTED.exit);
    controller.abort(new QuernError("INTERRUPTED", "Interrupted."));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    stop() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

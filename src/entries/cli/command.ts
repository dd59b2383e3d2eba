import type { z } from "zod";
import type { Io } from "./io.js";

export interface CommandArgument {
  /** As shown in help, for example `data`. */
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
}

/** One verb of `quern`. Flags come from the Zod object: its keys, types, defaults and registered titles. */
export interface Command<Options extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly summary: string;
  /** Shown in `--help` and executed by a test. */
  readonly example: string;
  readonly arguments: readonly CommandArgument[];
  readonly options: Options;
  /** Returns the exit code; nothing means 0. */
  run(positional: readonly string[], options: z.infer<Options>, io: Io): Promise<number | undefined>;
}

export function defineCommand<Options extends z.ZodObject>(command: Command<Options>): Command<Options> {
  return Object.freeze(command);
}

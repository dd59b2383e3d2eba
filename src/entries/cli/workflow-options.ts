import type { WorkflowOptions } from "../../workflows/context.js";
import type { Io } from "./io.js";

/** The common flags and streams of a command as a workflow takes them. */
export function workflowOptions(
  flags: { store?: string | undefined; threads?: number | undefined },
  io: Io,
  folder?: string,
): WorkflowOptions {
  return {
    signal: io.signal,
    onEvent: (event) => io.progress(event),
    ...(folder === undefined ? {} : { folder }),
    ...(flags.store === undefined ? {} : { store: flags.store }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  };
}

import { printable } from "../../foundation/base/terminal-text.js";
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
    onNote: (message) => io.note(printable(message)),
    ...(folder === undefined ? {} : { folder }),
    ...(flags.store === undefined ? {} : { store: flags.store }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  };
}

/** The mail server for alerts. It carries a password, so it is neither a flag nor a key of the project file. */
export function smtpFromEnvironment(): { readonly smtpUrl?: string } {
  const smtpUrl = process.env.QUERN_SMTP_URL;
  return smtpUrl ? { smtpUrl } : {};
}

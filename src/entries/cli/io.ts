import { QuernError, type SerializedError } from "../../foundation/base/errors.js";
import type { RunEvent } from "../../foundation/contracts/run.js";
import { createProgressView, type ProgressView } from "./progress.js";

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where a command prints: results to standard output, everything else to standard error. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly json: boolean;
  /** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Prints the result: the value as one JSON document, or the text for people. */
  result(value: unknown, text: () => string): void;
  /** One line for people on standard error; silent with `--quiet`. */
  note(message: string): void;
  progress(event: RunEvent): void;
  /** Ends the live progress view, so that what follows starts on a clean line. */
  endProgress(): void;
}

export function createIo(options: {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}): Io {
  const { stdout, stderr, json, quiet, signal } = options;
  const view: ProgressView | undefined = quiet ? undefined : createProgressView(stderr);
  return {
    stdout,
    stderr,
    json,
    signal,
    result(value, text) {
      view?.end();
      stdout.write(json ? `${JSON.stringify(value, jsonNumber, 2)}\n` : `${text().trimEnd()}\n`);
    },
    note(message) {
      if (quiet) return;
      view?.end();
      stderr.write(`${message}\n`);
    },
    progress(event) {
      view?.show(event);
    },
    endProgress() {
      view?.end();
    },
  };
}

/** JSON has no NaN: an undefined number is null. */
function jsonNumber(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  return typeof value === "bigint" ? value.toString() : value;
}

/** Prints a failure and returns its facts; a bug keeps its stack on standard error. */
export function printFailure(
  failure: unknown,
  stdout: OutputStream,
  stderr: OutputStream,
  json: boolean,
): SerializedError | undefined {
  const known = QuernError.is(failure) ? failure : undefined;
  const message = known?.message ?? (failure instanceof Error ? failure.message : String(failure));
  if (json) {
    const error = known
      ? { code: known.code, message, hint: known.hint, details: known.details }
      : {
          code: "INTERNAL",
          message,
          hint: "This is a bug in Quern; please report it with the command you ran.",
          details: {},
        };
    stdout.write(`${JSON.stringify({ error }, jsonNumber, 2)}\n`);
  }
  stderr.write(`quern: ${message}\n`);
  if (known) stderr.write(`  ${known.hint}\n`);
  else if (failure instanceof Error && failure.stack)
    stderr.write(`${failure.stack}\nThis is a bug in Quern; please report it.\n`);
  return known;
}

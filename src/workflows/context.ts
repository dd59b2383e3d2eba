import { availableParallelism } from "node:os";
import { type Clock, systemClock } from "../foundation/base/clock.js";
import { QuernError } from "../foundation/base/errors.js";
import { type Logger, silentLogger } from "../foundation/base/logger.js";
import type { RunEvent } from "../foundation/contracts/run.js";

/** What every workflow needs from its caller; everything has a default. */
export interface WorkflowOptions {
  /** Store folder; default `.quern` beside the project file or in the working folder, or `QUERN_HOME`. */
  readonly store?: string;
  /** Folder from which relative paths are read; default the working folder. */
  readonly folder?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly onEvent?: (event: RunEvent) => void;
  /** Told what the reading of rows left out or assumed, such as lines above the header. */
  readonly onNote?: (message: string) => void;
}

export interface WorkflowContext {
  readonly folder: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent: (event: RunEvent) => void;
  readonly onNote: (message: string) => void;
}

export function workflowContext(options: WorkflowOptions): WorkflowContext {
  return {
    folder: options.folder ?? process.cwd(),
    threads: options.threads ?? availableParallelism(),
    signal: options.signal ?? new AbortController().signal,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    onEvent: options.onEvent ?? (() => undefined),
    onNote: options.onNote ?? (() => undefined),
  };
}

/** @throws QuernError INTERRUPTED */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw QuernError.is(signal.reason)
    ? signal.reason
    : new QuernError("INTERRUPTED", "Interrupted.", { cause: signal.reason });
}

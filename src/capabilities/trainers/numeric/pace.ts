import type { WorkContext } from "../../../foundation/contracts/extension.js";

/** Called once an iteration; `await` its result to let signals through. */
export type Checkpoint = (done: number, values?: Readonly<Record<string, number>>) => Promise<void>;

const SLICE_MS = 50;

/**
 * Makes long loops polite: reports progress, stops when the signal says so, and gives the event loop a turn
 * every 50 ms (only then can the signal change). Never changes a result.
 */
export function createCheckpoint(context: WorkContext, stage: string, total: number): Checkpoint {
  let last = context.clock.elapsed();
  return async (done, values) => {
    context.signal.throwIfAborted();
    const now = context.clock.elapsed();
    if (now - last < SLICE_MS) return;
    last = now;
    context.report(values ? { stage, done, total, values } : { stage, done, total });
    await new Promise<void>((resolve) => setImmediate(resolve));
    context.signal.throwIfAborted();
  };
}

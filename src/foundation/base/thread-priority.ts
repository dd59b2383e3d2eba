import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * Makes the calling thread alone give way to others of its process. Linux alone has priorities of threads; elsewhere, and
 * where it is not allowed, all stay equal.
 * @param nice 1..19: at 3 a thread has a third of a processor that another one wants too
 */
export function lowerThreadPriority(nice: number): void {
  if (process.platform !== "linux") return;
  try {
    const [, , thread] = readlinkSync("/proc/thread-self").split("/");
    setPriority(Number(thread), nice);
  } catch {
    // A matter of speed only.
  }
}

import { systemClock } from "../src/foundation/base/clock.js";
import { silentLogger } from "../src/foundation/base/logger.js";
import { createRandom } from "../src/foundation/base/random.js";
import type { WorkContext } from "../src/foundation/contracts/extension.js";

/** One thread, no one watching. */
export function workContext(seed: string | number = 0): WorkContext {
  return {
    random: createRandom(seed),
    signal: new AbortController().signal,
    clock: systemClock,
    logger: silentLogger,
    threads: 1,
    report: () => undefined,
  };
}

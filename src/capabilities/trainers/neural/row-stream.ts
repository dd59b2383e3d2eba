import type { Random } from "../../../foundation/base/random.js";

/** Rows of the batches to come. */
export interface RowStream {
  /** Int64 [steps, streams, batch]: row numbers of the next steps. */
  next(steps: number): BigInt64Array;
}

/**
 * Each stream goes through all rows in random order, again and again; a batch may begin in one round and end in the
 * next, so that every row is seen as often as any other, give or take one.
 */
export function createRowStream(rows: number, batch: number, streams: number, random: Random): RowStream {
  const states = Array.from({ length: streams }, (_, stream) => {
    const own = random.fork(stream);
    return { own, order: own.permutation(rows), position: 0 };
  });
  return {
    next(steps) {
      const result = new BigInt64Array(steps * streams * batch);
      let at = 0;
      for (let step = 0; step < steps; step++) {
        for (const state of states) {
          for (let k = 0; k < batch; k++) {
            if (state.position === rows) {
              state.own.shuffle(state.order);
              state.position = 0;
            }
            result[at++] = BigInt(state.order[state.position++]!);
          }
        }
      }
      return result;
    },
  };
}

// A team of workers runs the same code over the same shared memory and meets at barriers.
import { barrierAddress, mailboxes, rows, stopAddress, workers, workspace, workspaceBytes } from "./settings";

/** Rows are dealt to workers in blocks, so that sorted data stays balanced; sums are kept by block, so that
 * they do not depend on the number of workers. */
export const BLOCK: i32 = 4096;
const SPINS: i32 = 20000;

export let worker: i32 = 0;
let phase: i32 = 0;

/** Every worker calls this first in each job; the host has cleared the barrier. */
export function joinTeam(number: i32): void {
  worker = number;
  phase = 0;
}

/** Returns when all workers have arrived. Spins a little, since the wait is short nearly always. */
export function barrier(): void {
  if (workers == 1) return;
  phase ^= 1;
  const gate = barrierAddress + 64;
  if (atomic.add<i32>(barrierAddress, 1) == workers - 1) {
    atomic.store<i32>(barrierAddress, 0);
    atomic.store<i32>(gate, phase);
    atomic.notify(gate, -1);
    return;
  }
  let spins = 0;
  while (atomic.load<i32>(gate) != phase) {
    if (++spins > SPINS) atomic.wait<i32>(gate, phase ^ 1, -1);
  }
}

@inline
export function privateMemory(): usize {
  return workspace + <usize>worker * <usize>workspaceBytes;
}

/** What a worker tells the others between two barriers. */
@unmanaged
export class Mailbox {
  gradient: i64;
  hessian: i64;
  /** Rows sampled, then rows gone left. */
  rows: i32;
  /** Worker 0: 1 when the job must end. */
  stop: i32;
}

@inline
export function mailbox(owner: i32): Mailbox {
  return changetype<Mailbox>(mailboxes + (<usize>owner << 6));
}

/** Worker 0 passes the host's wish on; all workers read it after the next barrier and so agree. */
export function relayStop(): void {
  if (worker == 0) mailbox(0).stop = atomic.load<i32>(stopAddress);
}

@inline
export function stopping(): bool {
  return mailbox(0).stop != 0;
}

/** Blocks of `count` items. */
@inline
export function blocksOf(count: i32): i32 {
  return (count + BLOCK - 1) / BLOCK;
}

/** Rows in the blocks of all workers before this one: where its run in `rowIndex` starts. */
export function shardStart(): i32 {
  let start = 0;
  for (let block = 0, n = blocksOf(rows); block < n; block++) {
    if (block % workers < worker) start += min(BLOCK, rows - block * BLOCK);
  }
  return start;
}

// A sequential stream for one tree: a tree belongs to one worker, so order is no concern.
import { hash } from "./random";

let state: u32 = 1;
let counter: u32 = 0;

export function startStream(seed: u32, tree: i32): void {
  state = hash(seed, <u32>tree);
  counter = 0;
}

/** Uniform in [0, bound). */
@inline
export function draw(bound: i32): i32 {
  return <i32>((<u64>hash(state, ++counter) * <u64>bound) >> 32);
}

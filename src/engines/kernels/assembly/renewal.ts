// Leaf values as quantiles of the residuals, for losses whose gradients say only on which side a row lies
// (absolute, quantile). Friedman 2001, section 4.3.

import { gradientScale, hessianScale } from "./quantize";
import {
  gradientPairs, labels, learningRate, renewLevel, rowIndex, scores, weightScale, weights, workers,
} from "./settings";
import { worker } from "./team";
import { valueAddress } from "./tree";
import { leafAt, leafOf } from "./workspace";

/** Float32 bits in the order of their values. */
@inline
function ordered(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}
@inline
function unordered(bits: u32): f32 {
  return reinterpret<f32>(bits & 0x80000000 ? bits ^ 0x80000000 : ~bits);
}

/**
 * Gives the leaves dealt to this worker their values. The gradient pairs are free by now and hold the keys:
 * residual in its order << 32 | weight as an integer, since integer sums do not depend on the order of rows.
 */
export function renewLeafValues(tree: i32, leaves: i32): void {
  let before = 0;
  for (let number = 0; number < leaves; number++) {
    const count = leafAt(number).rows;
    if (number % workers == worker && count > 0) {
      const keys = gradientPairs + (<usize>before << 3);
      const total = gatherKeys(keys, number);
      const target = max<u64>(1, <u64>Math.ceil(renewLevel * <f64>total));
      const scale = hessianScale / gradientScale;
      const leaf = leafAt(number);
      const value = <f64>unordered(weightedSelect(keys, count, target));
      store<f64>(valueAddress(tree, number), learningRate * min(max(value, leaf.lower * scale), leaf.upper * scale));
    }
    before += count;
  }
}

/** Collects the leaf's rows from the runs of all workers; returns the sum of the weights. */
function gatherKeys(keys: usize, number: i32): u64 {
  let total: u64 = 0;
  let at = keys;
  for (let owner = 0; owner < workers; owner++) {
    const leaf = leafOf(owner, number);
    for (let k = leaf.start; k < leaf.end; k++) {
      const row = <usize>load<u32>(rowIndex + (<usize>k << 2)) << 2;
      const residual = load<f32>(labels + row) - load<f32>(scores + row);
      const weight: u64 = weights ? <u64>(<f64>load<f32>(weights + row) * weightScale) : 1;
      store<u64>(at, (<u64>ordered(residual) << 32) | weight);
      total += weight;
      at += 8;
    }
  }
  return total;
}

/**
 * The smallest residual at which the running sum of weights reaches `target`: quickselect with three-way
 * partition. Reorders the keys.
 */
export function weightedSelect(keys: usize, count: i32, target: u64): u32 {
  let first = 0;
  let last = count;
  let rest = target;
  while (true) {
    const pivot = <u32>(load<u64>(keys + (<usize>((first + last) >> 1) << 3)) >> 32);
    if (last - first == 1) return pivot;
    let low = first;
    let high = last;
    let below: u64 = 0;
    let equal: u64 = 0;
    for (let k = first; k < high; ) {
      const at = keys + (<usize>k << 3);
      const key = load<u64>(at);
      const residual = <u32>(key >> 32);
      if (residual == pivot) {
        equal += key & 0xffffffff;
        k++;
      } else {
        const to = residual < pivot ? low++ : --high;
        if (residual < pivot) {
          below += key & 0xffffffff;
          k++;
        }
        const other = keys + (<usize>to << 3);
        store<u64>(at, load<u64>(other));
        store<u64>(other, key);
      }
    }
    if (rest <= below) last = low;
    else if (rest <= below + equal || high == last) return pivot;
    else {
      rest -= below + equal;
      first = high;
    }
  }
}

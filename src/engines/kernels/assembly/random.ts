// Counter-based random numbers: a value is a hash of what it is for, so it does not depend on who draws it.

/** Two rounds of the finalizer of MurmurHash3 (Appleby) over both words. */
@inline
export function hash(a: u32, b: u32): u32 {
  let x = a * 0x9e3779b1 + b;
  x ^= x >> 16;
  x *= 0x85ebca6b;
  x ^= x >> 13;
  x += b * 0xc2b2ae35;
  x *= 0xc2b2ae35;
  x ^= x >> 16;
  return x;
}

/** Uniform in [0, bound). */
@inline
export function below(bound: i32, a: u32, b: u32): i32 {
  return <i32>((<u64>hash(a, b) * <u64>bound) >> 32);
}

/** Writes `taken` of the `count` int32 in `pool`, drawn without repetition and sorted, to its front. */
export function sampleSorted(pool: usize, count: i32, taken: i32, stream: u32): void {
  for (let i = 0; i < taken; i++) {
    const j = i + below(count - i, stream, i);
    const swap = load<i32>(pool + (<usize>i << 2));
    store<i32>(pool + (<usize>i << 2), load<i32>(pool + (<usize>j << 2)));
    store<i32>(pool + (<usize>j << 2), swap);
  }
  sortIntegers(pool, taken);
}

/** Shell sort with Ciura's gaps, ascending. */
function sortIntegers(array: usize, count: i32): void {
  for (let gap = firstGap(count); gap > 0; gap = nextGap(gap)) {
    for (let i = gap; i < count; i++) {
      const value = load<i32>(array + (<usize>i << 2));
      let j = i;
      for (; j >= gap && load<i32>(array + (<usize>(j - gap) << 2)) > value; j -= gap) {
        store<i32>(array + (<usize>j << 2), load<i32>(array + (<usize>(j - gap) << 2)));
      }
      store<i32>(array + (<usize>j << 2), value);
    }
  }
}

/** The same for uint64 keys. */
export function sortKeys(array: usize, count: i32): void {
  for (let gap = firstGap(count); gap > 0; gap = nextGap(gap)) {
    for (let i = gap; i < count; i++) {
      const value = load<u64>(array + (<usize>i << 3));
      let j = i;
      for (; j >= gap && load<u64>(array + (<usize>(j - gap) << 3)) > value; j -= gap) {
        store<u64>(array + (<usize>j << 3), load<u64>(array + (<usize>(j - gap) << 3)));
      }
      store<u64>(array + (<usize>j << 3), value);
    }
  }
}

function firstGap(count: i32): i32 {
  let gap = 1;
  while (gap * 9 / 4 + 1 < count) gap = gap * 9 / 4 + 1;
  return gap;
}

@inline
function nextGap(gap: i32): i32 {
  return gap == 1 ? 0 : max(1, (gap - 1) * 4 / 9);
}

// From columns to rows: training sums whole rows into histograms but partitions by one column.

import { featureAt } from "./histogram";
import { Feature } from "./records";
import { features, featureTable, workers } from "./settings";

/** uint8 [rows][features]. */
export let transposeTarget: usize = 0;
export let transposeRows: i32 = 0;

/** Rows at a time: a column's stretch is one cache line, and the rows written stay in the first-level cache. */
const STRETCH: i32 = 64;

/** Writes this worker's rows; the columns are those of the feature table. */
export function transpose(worker: i32): void {
  const first = <i32>((<i64>transposeRows * worker) / workers);
  const last = <i32>((<i64>transposeRows * (worker + 1)) / workers);
  const width = <usize>features;
  for (let start = first; start < last; start += STRETCH) {
    const end = min(last, start + STRETCH);
    for (let f = 0; f < features; f++) {
      const column = <usize>featureAt(f).column;
      let target = transposeTarget + <usize>start * width + <usize>f;
      for (let row = start; row < end; row++) {
        store<u8>(target, load<u8>(column + <usize>row));
        target += width;
      }
    }
  }
}

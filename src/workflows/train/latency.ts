import type { LoadedBundle } from "../../capabilities/bundles/index.js";
import type { Row } from "../../foundation/contracts/prediction.js";

const WARM_UP = 50;
const MEASURED = 500;

/** 99th percentile of the time of a single-row prediction, milliseconds, on this machine now. */
export async function measureLatency(bundle: LoadedBundle, rows: readonly Row[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + MEASURED; i++) {
    const start = performance.now();
    await bundle.predict([rows[i % rows.length]!]);
    if (i >= WARM_UP) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(0.99 * times.length)]!;
}

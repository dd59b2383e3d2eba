import { describe, expect, test } from "vitest";
import { type Change, monitoredRows } from "../../../../test/fixtures/monitored-rows.js";
import { createRandom } from "../../../foundation/base/random.js";
import { driftSettingsSchema } from "../../../foundation/contracts/monitoring.js";
import { measureDrift } from "./measure-drift.js";

const settings = driftSettingsSchema.parse({});

/** Share of reports that raise an alarm, over fresh references and windows. */
function alarmShare(trials: number, rows: number, referenceRows: number, change: Change = {}): number {
  let alarms = 0;
  for (let trial = 0; trial < trials; trial++) {
    const random = createRandom(`${rows}/${referenceRows}/${trial}`);
    const { alarm } = measureDrift({
      reference: { inputs: monitoredRows(referenceRows, random.fork("reference")) },
      current: { inputs: monitoredRows(rows, random.fork("current"), change) },
      settings,
      random: random.fork("tests"),
    });
    if (alarm) alarms += 1;
  }
  return alarms / trials;
}

/** Chance alone: three standard errors of a share of 5 %. */
const slack = (trials: number) => 3 * Math.sqrt((0.05 * 0.95) / trials);

describe("drift alarms, whole reports over ten columns (requirement 22)", () => {
  test.each([
    [50, 2000, 300],
    [100, 5000, 300],
    [200, 1000, 300],
    [500, 5000, 200],
    [1000, 1000, 200],
    [5000, 5000, 100],
    [20_000, 20_000, 50],
    [100_000, 50_000, 25],
  ])(
    "without drift a window of %d rows against %d alarms in at most 5 %%",
    (rows, reference, trials) => {
      const share = alarmShare(trials, rows, reference);
      console.log(`no drift, ${rows} rows against ${reference}: ${(100 * share).toFixed(1)} % of ${trials}`);
      expect(share).toBeLessThanOrEqual(0.05 + slack(trials));
    },
    600_000,
  );

  test("a shift by a fifth of a standard deviation is found at 2,000 rows in at least 90 %", () => {
    const share = alarmShare(200, 2000, 5000, { shift: 0.2 });
    console.log(`shift of 0.2, 2000 rows against 5000: ${(100 * share).toFixed(1)} % of 200`);
    expect(share).toBeGreaterThanOrEqual(0.9);
  }, 600_000);
});

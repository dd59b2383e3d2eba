import { z } from "zod";
import { gather } from "../../../../foundation/base/gather.js";
import { quantileOfSorted } from "../../../../foundation/base/statistics.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Split } from "../../../../foundation/contracts/split.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

export const timeLeak = defineFinder({
  id: "time-leak",
  version: 1,
  summary: "Training rows later than test rows",
  config: z.strictObject({
    laterShare: shareField(
      0.01,
      "Share of training rows later than the middle of the test from which to warn",
    ),
  }),
  find(input, { laterShare }) {
    const name = input.roles.time;
    const column = name === undefined ? undefined : input.frame.columns.get(name);
    if (name === undefined || (column?.kind !== "datetime" && column?.kind !== "number")) return [];
    const worst = (input.splits ?? [])
      .map((split) => ({ split: split.name, share: shareAfterTest(split, column.values) }))
      .reduce((most, next) => (next.share > most.share ? next : most), { split: "", share: 0 });
    if (worst.share <= laterShare) return [];
    return [
      {
        id: "time-leak",
        severity: "warning",
        column: name,
        message: `${percent(worst.share)} of the training rows are later than half of the test rows by ${quote(name)}. The model is judged on a past whose future it has seen; on new rows it may do worse.`,
        evidence: worst,
        fix: { state: "proposed", action: `Use \`split: { kind: time, time: ${name} }\`.` },
      },
    ];
  },
});

function shareAfterTest({ train, test }: Split, times: ArrayLike<number>): number {
  const tested = gather(times, test).filter((time) => !Number.isNaN(time));
  if (tested.length === 0 || train.length === 0) return 0;
  const middle = quantileOfSorted(tested.sort(), 0.5);
  return train.filter((row) => times[row]! > middle).length / train.length;
}

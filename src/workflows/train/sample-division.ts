import { formatCount, rowsOf } from "../../capabilities/data/findings/wording.js";
import { sampleRows } from "../../capabilities/data/splits/sample-rows.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Split } from "../../foundation/contracts/split.js";
import { durationSeconds } from "../learn/agenda.js";
import type { Division } from "./divide.js";
import { roundsOf } from "./rounds.js";

/** Cells (rows x columns) to learn from for each second of a timed training; more leave time for a few trees only. */
const MOST_CELLS_A_SECOND = 60_000;
/** So many rows are learnt from whatever their columns: what fewer lose, more trees do not give back. */
const FEWEST_ROWS = 100_000;

/** The rows to learn from that a timed training drew from those there are. */
export interface Sample {
  readonly rows: number;
  readonly of: number;
}

/**
 * The division as it is, or with a sample of its training and validation rows where a timed training has too many for
 * its time: the test rows stay. Ten times as many trees of a fifth of the rows are the better model.
 * @param columns to learn from
 */
export function sampledForTime(division: Division, columns: number, project: Project): Division {
  const seconds = durationSeconds(project.tuning.time);
  if (seconds === undefined) return division;
  const { splits, whole, input } = division;
  const most = Math.max(FEWEST_ROWS, (MOST_CELLS_A_SECOND * seconds) / (roundsOf(division) * columns));
  const of = learningRows(whole);
  if (of <= most) return division;
  const sampled = (split: Split): Split => ({
    ...split,
    train: sampleRows(split.train, most / of, input),
    validation: sampleRows(split.validation, most / of, input),
  });
  const kept = sampled(whole);
  const rows = learningRows(kept);
  return {
    ...division,
    splits: splits.map((split) => (split === whole ? kept : sampled(split))),
    whole: kept,
    reason: `${division.reason} ${sampleText({ rows, of })}`,
    sample: { rows, of },
  };
}

const learningRows = ({ train, validation }: Split): number => train.length + validation.length;

const sampleText = ({ rows, of }: Sample): string =>
  `Of ${formatCount(of)} rows to learn from, ${formatCount(rows)} are drawn by their content: more would leave time for a few trees only.`;

/** What the report says of a sample; nothing where there is none. */
export function sampleFindings({ sample }: Division): readonly Finding[] {
  if (!sample) return [];
  const { rows, of } = sample;
  return [
    {
      id: "learning-sampled",
      severity: "info",
      message: `The models learn from ${rowsOf(rows, of)}, drawn by their content: with all of them the time would be up after a few trees. The test rows are all judged.`,
      evidence: { rows, of, share: rows / of },
      fix: {
        state: "applied",
        action: "Give more time with `tuning.time`, or count trials instead of time, to learn from more.",
      },
    },
  ];
}

import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { ProjectTask } from "../../foundation/contracts/structured.js";
import type { Learned } from "../learn/learn.js";
import type { CourseEntry } from "./messages.js";

type Row = TrainResult["leaderboard"][number];
type Setting = string | number | boolean;

/**
 * Tells the course of a training as settings and numbers by name. No name is the beginning of another up to a
 * slash: some trackers keep a file for each.
 */
export class Course {
  readonly #tell: (entry: CourseEntry) => void;
  readonly #told = new Set<number>();

  constructor(tell: (entry: CourseEntry) => void) {
    this.#tell = tell;
  }

  begin(name: string, run: string): void {
    this.#tell({ kind: "begin", name, run });
  }

  /** What was asked for, with what the data decided where that is known. */
  settings(
    { task, split, seed, models }: Project,
    found: { task: ProjectTask; metric: string; target?: string; split?: string },
  ): void {
    const trainers = models === "auto" ? models : models.map(trainerOf).join(", ");
    this.#tell({
      kind: "settings",
      values: {
        ...(task.target === undefined ? {} : { target: task.target }),
        split: split?.kind ?? "auto",
        ...found,
        seed,
        models: trainers,
      },
    });
  }

  /** Once for each number: trials that a second look at them repeats are not told again. */
  trial(
    { trial, trainer, value, seconds }: Pick<Row, "trial" | "trainer" | "value" | "seconds">,
    metric: string,
  ): void {
    if (this.#told.has(trial)) return;
    this.#told.add(trial);
    const score = value !== null && Number.isFinite(value) ? value : undefined;
    this.#tell({
      kind: "scalars",
      step: trial,
      values: {
        ...(score === undefined
          ? {}
          : { [`trials/${metric}`]: score, [`trainers/${trainer}/${metric}`]: score }),
        "trials/seconds": seconds,
      },
    });
  }

  /** Of the trials the model is made of, each by the first of its fits. */
  curvesOf({ shares }: Learned): void {
    this.curves(
      shares.map(({ trial: { candidate, fits } }) => ({
        name: `${candidate.trainer.id}-${candidate.number}`,
        curves: fits[0]?.diagnostics.curves ?? {},
      })),
    );
  }

  curves(
    models: readonly {
      readonly name: string;
      readonly curves: Readonly<Record<string, readonly number[]>>;
    }[],
  ): void {
    const curves = models.flatMap((model) =>
      Object.entries(model.curves).map(
        ([name, curve]) => [`curves/${model.name}/${name}`, [...curve]] as const,
      ),
    );
    if (curves.length > 0) this.#tell({ kind: "series", values: Object.fromEntries(curves) });
  }

  /** Everything the result says, also one that an equal training before had: trials, the chosen ones' settings, figures. */
  outcome({ leaderboard, metric, goals, baseline }: TrainResult, { split, metrics }: Evaluation): void {
    for (const row of leaderboard) this.trial(row, metric.name);
    const chosen = leaderboard.filter(({ weight }) => weight > 0);
    this.#tell({
      kind: "settings",
      values: Object.fromEntries(
        chosen.flatMap((row) => [
          ...flattened(`${row.trainer}-${row.trial}`, row.config),
          [`${row.trainer}-${row.trial}.weight`, row.weight] as const,
        ]),
      ),
    });
    const figures: [string, number | null][] = [
      ...Object.entries(metrics).flatMap(([name, { value, low, high }]): [string, number | null][] => [
        [`${split}/${name}`, value],
        [`${split}/${name}.low`, low],
        [`${split}/${name}.high`, high],
      ]),
      ...Object.entries(baseline).map(([name, value]): [string, number | null] => [
        `baseline/${name}`,
        value,
      ]),
      ...goals.flatMap(({ name, value, met }): [string, number | null][] => [
        [`goals/${name}`, value],
        [`goals/${name}.met`, met ? 1 : 0],
      ]),
    ];
    const known = figures.filter((figure): figure is [string, number] => figure[1] !== null);
    this.#tell({ kind: "scalars", step: 0, values: Object.fromEntries(known) });
  }
}

const trainerOf = (model: Exclude<Project["models"], "auto">[number]): string =>
  typeof model === "string" ? model : model.trainer;

/** Nested settings by their path; lists and what has no value of its own as JSON. */
function flattened(path: string, value: unknown): [string, Setting][] {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return [[path, value]];
  if (value === undefined) return [];
  if (value === null || Array.isArray(value) || typeof value !== "object")
    return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flattened(`${path}.${key}`, inner));
}

import type { Project, ProjectInput } from "../../foundation/contracts/project.js";
import { projectSchema } from "../../foundation/contracts/project.js";
import type { RetrainPolicy } from "../../foundation/contracts/retrain.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { Model, Store } from "../../foundation/contracts/store.js";

export interface CandidateProject {
  /** Without a source of data. */
  readonly project: ProjectInput;
  readonly targetName: string;
  readonly timeName: string | undefined;
}

/** The champion's project, with what the policy changes; data are what the loop gathered. */
export async function candidateProject(
  champion: Model,
  policy: RetrainPolicy,
  given: ProjectInput | undefined,
  store: Store,
): Promise<CandidateProject> {
  const { name, document } = champion;
  const project = given ? projectSchema.parse(given) : (document.project as Project);
  const targetName = String(document.target);
  const { id, time } = project.data;
  const models = policy.warmStart ? await championTrainers(champion, store) : project.models;
  const { split, ...rest } = project;
  // Predictions bring neither a column of parts nor groups.
  const usableSplit = split && split.kind !== "columns" && split.kind !== "group" ? { split } : {};
  return {
    targetName,
    timeName: time,
    project: {
      ...rest,
      ...usableSplit,
      name,
      models,
      task: { ...project.task, target: targetName },
      tuning: { ...project.tuning, ...(policy.trials === undefined ? {} : { trials: policy.trials }) },
      // Columns that were left out are not in the file; predictions alone bring no id column either.
      data: {
        ...(id === undefined || policy.data === "labelled" ? {} : { id }),
        ...(time === undefined ? {} : { time }),
      },
    },
  };
}

/** The configurations that the champion is made of; all where its run is forgotten. */
async function championTrainers({ run }: Model, store: Store): Promise<Project["models"]> {
  if (run === null) return "auto";
  const result = (await store.runs.get(run)).result as TrainResult | null;
  const used = result?.leaderboard.filter(({ weight }) => weight > 0) ?? [];
  return used.length === 0 ? "auto" : used.map(({ trainer, config }) => ({ ...config, trainer }));
}

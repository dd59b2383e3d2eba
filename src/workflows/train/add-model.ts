import { QuernError } from "../../foundation/base/errors.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Model, NewModel } from "../../foundation/contracts/store.js";
import type { Production } from "./production.js";

/** A model whose bundle has passed the parity gate. */
export interface TrainedModel {
  readonly name: string;
  readonly version: number;
  readonly task: NewModel["task"];
  /** The column that is predicted. */
  readonly target: string;
  /** Of what it is made, for people. */
  readonly trainer: string;
  /** The trainers' own importance by column, shares; empty where they have none. */
  readonly columnImportance: Readonly<Record<string, number>>;
  readonly evaluation: Evaluation;
  readonly dataset: string;
  readonly split: string;
  /** The stored fits it is made of. */
  readonly fits: readonly string[];
  /** Folder with the bundle. */
  readonly folder: string;
}

/** Registers the model and where it comes from; once, however often a run is resumed. */
export async function addModel(
  { store, lease, project }: Pick<Production, "store" | "lease" | "project">,
  trained: TrainedModel,
): Promise<Model> {
  const { name, version, task, target, trainer, columnImportance, evaluation, dataset, folder } = trained;
  const value = evaluation.metrics[evaluation.metric]?.value ?? undefined;
  const self = { kind: "model", id: `${name}@${version}` };
  const run = { kind: "run", id: lease.id };
  const model =
    (await registeredEarlier({ store, lease }, self.id)) ??
    (await store.models.register({
      name,
      version,
      task,
      metric: evaluation.metric,
      ...(value === undefined ? {} : { value }),
      run: lease.id,
      dataset,
      document: { evaluation, trainer, columnImportance, project, target },
      folder,
    }));
  await store.lineage.add([
    { from: self, relation: "trained-by", to: run },
    { from: run, relation: "read", to: { kind: "dataset", id: dataset } },
    { from: run, relation: "divided-by", to: { kind: "split", id: trained.split } },
    ...trained.fits.map((id) => ({ from: self, relation: "restored-from", to: { kind: "step", id } })),
  ]);
  return model;
}

/** What this run registered before it was killed. */
async function registeredEarlier(
  { store, lease }: Pick<Production, "store" | "lease">,
  reference: string,
): Promise<Model | undefined> {
  try {
    const model = await store.models.get(reference);
    return model.run === lease.id ? model : undefined;
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "MODEL_NOT_FOUND") return undefined;
    throw failure;
  }
}

/** What is known of a structured training when its model is judged, and when it is registered. */
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { Profile } from "../../foundation/contracts/profile.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { Dataset, Model, TestOpening } from "../../foundation/contracts/store.js";
import type { ExportedModel } from "../train/publish.js";
import type { OpenStructure, StructureModel } from "./fit.js";
import type { StructureCandidate } from "./production.js";

/** One candidate and what became of it. */
export interface StructureTrial {
  readonly candidate: StructureCandidate;
  /** The decisive figure on validation rows; null: it has none there, or the trainer failed. */
  readonly value: number | null;
  readonly seconds: number;
  /** Present where it was fitted. */
  readonly model?: StructureModel;
  /** Of the stored fit. */
  readonly hash?: string;
  readonly error?: string;
}

export interface JudgedStructure {
  readonly name: string;
  readonly dataset: Dataset;
  readonly splitId: string;
  readonly profile: Omit<Profile, "findings">;
  readonly findings: readonly Finding[];
  readonly trials: readonly StructureTrial[];
  /** The best on validation rows. */
  readonly best: StructureTrial & { readonly model: StructureModel; readonly hash: string };
  readonly opened: OpenStructure;
  readonly evaluation: Evaluation;
  /** Every time the test rows of this split were opened, this run last. */
  readonly openings: readonly TestOpening[];
}

export interface RegisteredStructure {
  readonly model: Model;
  readonly exported: ExportedModel;
  readonly goals: TrainResult["goals"];
}

/** Models that answer requests: what a server needs of them, whatever protocol it speaks. */
import type { Manifest } from "./bundle.js";
import type { RunOptions } from "./bundle-predictor.js";
import type { Deployment } from "./deployment.js";
import type { PredictionExplanation } from "./explanation.js";
import type { Prediction, Row } from "./prediction.js";
import type { Tensor, TensorPort } from "./tensor.js";

/** A verified bundle: nothing of it has run yet. */
export interface ServableBundle {
  /** SHA-256 of its content. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** `ready`: warmed up and right about its own sample. `failed`: its thread died and could not be started again. */
export type ServedModelState = "ready" | "draining" | "failed";

export interface ServedModel {
  readonly bundle: string;
  readonly manifest: Manifest;
  readonly state: ServedModelState;
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
  /** Rows that wait or are being computed. */
  readonly busyRows: number;
  /** Costs nothing: for those who have read what is asked and not yet understood it. @throws QuernError OVERLOADED when another row would be refused */
  requireRoom(): void;
  /**
   * For those who have still to read what is asked.
   * @param bytes as announced; 0 where that is not known
   * @returns to be called once, when the body has come or will not; absent where so small a one is not counted
   * @throws QuernError OVERLOADED also when bodies on their way will fill what room there is
   */
  expectBody(bytes: number): (() => void) | undefined;
  /**
   * One answer a row, in order; the rows of other callers are computed in the same batch but never mixed in.
   * @throws QuernError PREDICTION_INPUT, OVERLOADED, DEADLINE_EXCEEDED, INTERRUPTED
   */
  predict(rows: readonly Row[], options?: RunOptions): Promise<readonly Prediction[]>;
  /**
   * What each column contributed to the prediction of each row, in order.
   * @throws QuernError PREDICTION_INPUT, OVERLOADED, UNSUPPORTED where nothing here explains
   */
  explain(rows: readonly Row[]): Promise<readonly PredictionExplanation[]>;
  /** The graph itself: one tensor per input, all with the same number of rows. Same errors. */
  infer(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[],
    options?: RunOptions,
  ): Promise<Readonly<Record<string, Tensor>>>;
}

/** Explains rows of one model; apart from the pool, so that predictions do not wait for explanations. */
export interface RowsExplainer {
  explain(rows: readonly Row[]): Promise<readonly PredictionExplanation[]>;
  close(): Promise<void>;
}

export interface ModelPool {
  /** Every version that is served, by name, then version. */
  list(): readonly ServedModel[];
  /** The current version of a name, or one version of it, by number or alias. @throws QuernError MODEL_NOT_FOUND */
  get(name: string, version?: number | string): ServedModel;
  /** Makes a version that is open the current one of its name; takes effect with the next request. */
  use(name: string, version: number): void;
  /** Lets an alias point to a version that is open. */
  setAlias(name: string, alias: string, version: number): void;
  /**
   * Opens, warms up and checks a model, then makes it the current version of its name, unless `current` is false;
   * until then, and if it fails, the one before goes on answering.
   */
  add(bundle: ServableBundle, options?: { readonly current?: boolean }): Promise<ServedModel>;
  /** Takes no new rows, finishes those it has, frees the model. */
  remove(name: string, version: number): Promise<void>;
  /** The same for all. Rows still waiting after `timeoutMs` are refused. */
  drain(timeoutMs: number): Promise<void>;
}

/** What happens inside, for metrics. */
export interface ServingObserver {
  /** A batch was computed. */
  batch?(model: ServedModel, rows: number, seconds: number): void;
  /** So many rows of a request were answered from the cache, and so many had to be computed; only with a cache. */
  cached?(model: ServedModel, hits: number, misses: number): void;
  /** A caller's rows were turned away. */
  refused?(model: ServedModel, reason: "overloaded" | "deadline" | "cancelled"): void;
  /** A shadow computed rows that another version answered; for so many of them it said something else. */
  shadowed?(shadow: ServedModel, rows: number, differing: number): void;
}

/** One request on its way to the version that its subject belongs to. */
export interface RoutedRequest {
  readonly model: ServedModel;
  /** These compute the same rows after the answer; what they say is only compared. */
  readonly shadows: readonly ServedModel[];
  /** The experiment or bandit that the answer counts for, and whose answer it is. */
  readonly assignment?: { readonly experiment: string; readonly subject: string };
  /** Whether `settle` wants the answer, to compare what the variants say. */
  readonly isCompared: boolean;
  /** Called once when the answer is known. @param answer the first one where several rows were asked about */
  settle(failed: boolean, answer?: Prediction): void;
}

/** `on`: the candidate may have more; `back`: it must have nothing any more. */
export type CanaryVerdict =
  | { readonly decision: "stay" | "on" }
  | { readonly decision: "back"; readonly reason: string };

/** What requests under a canary came to in one process. */
export interface CanaryEvidence {
  readonly name: string;
  /** The change of the deployment that dealt them out: what belongs to an earlier one says nothing of this one. */
  readonly change: number;
  readonly variants: readonly VariantEvidence[];
}

export interface VariantEvidence {
  readonly requests: number;
  readonly failures: number;
  /** What some of the requests took, in seconds. */
  readonly seconds: readonly number[];
  /** Each for the number of a subject that was not answered before. */
  readonly answers: readonly (readonly [subject: number, answer: Prediction])[];
}

/** Other processes that share the traffic: a canary is judged by what it did in all of them. */
export interface CanaryPeers {
  tell(evidence: CanaryEvidence): void;
  /** Called with what each of the others tells. */
  listen(hear: (evidence: CanaryEvidence) => void): void;
}

/** Which version answers a request for a bare name. */
export interface TrafficRouter {
  /**
   * Takes effect with the next request; null: the current version answers again.
   * @param change its number among the changes of the name's deployment
   */
  deploy(name: string, deployment: Deployment | null, change?: number): void;
  /**
   * @param subject whose request it is: the same one gets the same version while the shares stay
   * @returns nothing for names without a deployment
   * @throws QuernError MODEL_NOT_FOUND when the variant is not open
   */
  route(name: string, subject: string): RoutedRequest | undefined;
  /** What the figures of a canary since its last step say. */
  judge(name: string): CanaryVerdict;
  /** What this process has seen of a canary since it was last asked; nothing where there was nothing, or no canary. */
  takeEvidence(name: string): CanaryEvidence | undefined;
  /** Counts what another process has seen. */
  addEvidence(evidence: CanaryEvidence): void;
}

import type { Clock } from "../../foundation/base/clock.js";
import { hashValue, type Sha256 } from "../../foundation/base/hash.js";
import { pack, unpack } from "../../foundation/base/packing.js";
import type { Store, StoredStep } from "../../foundation/contracts/store.js";

/** All that decides a step's bytes. Inputs are hashes: of datasets, blobs or the keys of earlier steps. */
export interface StepIdentity {
  readonly id: string;
  /** Raised whenever the code would give other results. */
  readonly version: number;
  /** Resolved: every default filled in. */
  readonly config: unknown;
  readonly inputs: Readonly<Record<string, Sha256>>;
  readonly seed: number;
  /** What else the result depends on: versions of engines, a locale. Not the number of threads. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function stepKey({ id, version, config, inputs, seed, environment = {} }: StepIdentity): Sha256 {
  return hashValue({ id, version, config, inputs, seed, environment });
}

export interface CachedStepOptions<T> {
  readonly clock: Clock;
  /** Blobs that the output names, such as large files put into the store by the step itself. */
  readonly references?: (output: T) => readonly Sha256[];
}

export interface CachedStepResult<T> {
  readonly value: T;
  readonly key: Sha256;
  /** Names the output; the input of later steps. */
  readonly hash: Sha256;
  readonly hit: boolean;
  /** Of the work when it was done, not of the look-up. */
  readonly seconds: number;
}

/**
 * Runs a step, or takes its recorded output: a plain value that may hold typed arrays (base/packing). The value
 * always comes out of the stored bytes, so that a first run and a repeated one see the same thing. When several
 * processes do the same step, the first record holds for all. Failures throw and are not recorded.
 */
export async function runCached<T>(
  store: Pick<Store, "blobs" | "steps">,
  identity: StepIdentity,
  run: () => Promise<T>,
  options: CachedStepOptions<T>,
): Promise<CachedStepResult<T>> {
  const { clock, references = () => [] } = options;
  const key = stepKey(identity);
  const earlier = await findStep<T>(store, key);
  if (earlier) return earlier;
  const start = clock.elapsed();
  const value = await run();
  const seconds = (clock.elapsed() - start) / 1000;
  const output = await store.blobs.put(pack(value));
  return recordStep<T>(store, { key, step: identity.id, output, references: references(value), seconds });
}

/** The recorded output of a step, if it has been done. */
export async function findStep<T>(
  store: Pick<Store, "blobs" | "steps">,
  key: Sha256,
): Promise<CachedStepResult<T> | undefined> {
  const step = await store.steps.find(key);
  return step && { ...(await resultOf<T>(store, step)), hit: true };
}

/** Records a step whose packed output is a blob already, perhaps of another process; gives the record that holds. */
export async function recordStep<T>(
  store: Pick<Store, "blobs" | "steps">,
  step: StoredStep,
): Promise<CachedStepResult<T>> {
  const { output } = await store.steps.record(step);
  return { ...(await resultOf<T>(store, { ...step, output })), hit: false };
}

async function resultOf<T>(
  store: Pick<Store, "blobs">,
  { key, output, seconds }: StoredStep,
): Promise<Omit<CachedStepResult<T>, "hit">> {
  return { value: unpack<T>(await store.blobs.get(output)), key, hash: output, seconds };
}

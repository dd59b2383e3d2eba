import type { Clock } from "../../foundation/base/clock.js";
import { hashValue, type Sha256 } from "../../foundation/base/hash.js";
import { pack, unpack } from "../../foundation/base/packing.js";
import type { Store } from "../../foundation/contracts/store.js";

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
  const earlier = await store.steps.find(key);
  if (earlier) {
    const value = unpack<T>(await store.blobs.get(earlier.output));
    return { value, key, hash: earlier.output, hit: true, seconds: earlier.seconds };
  }
  const start = clock.elapsed();
  const output = await run();
  const seconds = (clock.elapsed() - start) / 1000;
  const bytes = pack(output);
  const mine = await store.blobs.put(bytes);
  const record = { key, step: identity.id, output: mine, references: references(output), seconds };
  const stored = await store.steps.record(record);
  const holding = stored.output === mine ? bytes : await store.blobs.get(stored.output);
  return { value: unpack<T>(holding), key, hash: stored.output, hit: false, seconds };
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { QuernError } from "../../../foundation/base/errors.js";
import { makeFolder } from "../../../foundation/base/make-folder.js";
import {
  openSafetensors,
  type StoredTensor,
  storedTensor,
  tensorOf,
  type Weights,
  writeSafetensors,
} from "../../onnx/index.js";
import type { NamedState, Training } from "../training.js";

/** A moment of a training: enough to go on as if it had not been interrupted. */
export interface Snapshot {
  /** Steps taken. */
  readonly step: number;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** What the optimizer keeps, by slot and parameter. */
  readonly slots: NamedState["slots"];
  /** Parameters of the best evaluation so far. */
  readonly best?: ReadonlyMap<string, Float32Array>;
  /** Of the loop: where the data stand, the state of the schedule, evaluations. JSON. */
  readonly progress: unknown;
}

export interface CheckpointsOptions {
  readonly folder: string;
  /**
   * What was trained on what, with which settings and seed: a checkpoint of another is not gone on from. Usually a
   * cache key.
   */
  readonly identity: string;
  /** Newest ones that stay; at least 2, so that a damaged one has a predecessor. */
  readonly keep?: number;
}

export interface Checkpoints {
  /** @throws QuernError DISK_FULL; the ones before stay */
  save(snapshot: Snapshot): void;
  /** The newest whole one of the same identity. */
  latest(): Snapshot | undefined;
}

const NAME = /^checkpoint-(\d{10})\.safetensors$/;
const FORMAT = "quern-checkpoint-1";

/** Checkpoints in a folder of their own: safetensors files, written atomically, each with a digest of its content. */
export function openCheckpoints({ folder, identity, keep = 2 }: CheckpointsOptions): Checkpoints {
  const stored = () =>
    (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => NAME.test(name))
      .sort()
      .reverse();
  return {
    save(snapshot) {
      makeFolder(folder);
      const name = `checkpoint-${String(snapshot.step).padStart(10, "0")}.safetensors`;
      const tensors = tensorsOf(snapshot);
      const progress = JSON.stringify(snapshot.progress);
      const metadata = { format: FORMAT, identity, step: String(snapshot.step), progress };
      const digest = digestOf(metadata, Object.entries(tensors));
      writeSafetensors(join(folder, name), tensors, { ...metadata, digest });
      for (const old of stored().slice(Math.max(2, keep))) rmSync(join(folder, old), { force: true });
    },
    latest() {
      for (const name of stored()) {
        const snapshot = readSnapshot(join(folder, name), identity);
        if (snapshot) return snapshot;
      }
      return undefined;
    },
  };
}

function tensorsOf({ parameters, slots, best }: Snapshot): Record<string, StoredTensor> {
  const tensors: Record<string, StoredTensor> = {};
  const add = (group: string, values: ReadonlyMap<string, Float32Array>) => {
    for (const [name, data] of values) {
      tensors[`${group}/${name}`] = storedTensor({ type: "float32", shape: [data.length], data });
    }
  };
  add("parameter", parameters);
  for (const [slot, values] of Object.entries(slots)) add(`slot:${slot}`, values);
  if (best) add("best", best);
  return tensors;
}

/** Over names and bytes in alphabetical order: what a torn page or a flipped bit would change. */
function digestOf(
  metadata: Readonly<Record<string, string>>,
  tensors: Iterable<readonly [string, StoredTensor]>,
): string {
  const hash = createHash("sha256").update(JSON.stringify(Object.entries(metadata).sort()));
  for (const [name, { bytes }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\0${name}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** `undefined` for a file that is damaged or of another training. */
function readSnapshot(path: string, identity: string): Snapshot | undefined {
  let weights: Weights;
  try {
    weights = openSafetensors(path);
  } catch (error) {
    if (QuernError.is(error)) return undefined;
    throw error;
  }
  try {
    const { digest, ...metadata } = Object.fromEntries(weights.metadata);
    if (metadata.format !== FORMAT || metadata.identity !== identity) return undefined;
    const tensors = weights.names.map((name) => [name, weights.read(name)] as const);
    if (digestOf(metadata, tensors) !== digest) return undefined;
    return snapshotOf(metadata, tensors);
  } finally {
    weights.close();
  }
}

function snapshotOf(
  metadata: Readonly<Record<string, string>>,
  tensors: readonly (readonly [string, StoredTensor])[],
): Snapshot {
  const groups = new Map<string, Map<string, Float32Array>>();
  for (const [path, stored] of tensors) {
    const end = path.indexOf("/");
    const group = path.slice(0, end);
    if (!groups.has(group)) groups.set(group, new Map());
    groups.get(group)!.set(path.slice(end + 1), tensorOf(stored).data as Float32Array);
  }
  const slots = [...groups].filter(([group]) => group.startsWith("slot:"));
  const best = groups.get("best");
  return {
    step: Number(metadata.step),
    parameters: groups.get("parameter") ?? new Map(),
    slots: Object.fromEntries(slots.map(([group, values]) => [group.slice("slot:".length), values])),
    ...(best ? { best } : {}),
    progress: JSON.parse(metadata.progress!),
  };
}

/** Puts a training where the snapshot was taken. @throws Error when it is of another network */
export function restoreTraining(training: Training, { step, parameters, slots }: Snapshot): void {
  const now = training.named();
  const fill = (
    own: ReadonlyMap<string, Float32Array>,
    saved: ReadonlyMap<string, Float32Array> | undefined,
  ) => {
    for (const [name, values] of own) {
      const other = saved?.get(name);
      if (other?.length !== values.length) throw new Error(`The snapshot has no fitting ${name}.`);
      values.set(other);
    }
  };
  fill(now.parameters, parameters);
  for (const [slot, values] of Object.entries(now.slots)) fill(values, slots[slot]);
  training.restore({ step, contents: training.state.contents });
}

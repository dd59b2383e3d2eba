import type { Kysely } from "kysely";
import type { Clock } from "../../foundation/base/clock.js";
import { groupsOf } from "../../foundation/base/groups.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { FileBlobs } from "./file-blobs.js";
import type { Tables } from "./tables.js";

/** What every part of the store stands on. */
export interface Backend {
  /** What is acknowledged through it is on the disk, also when the power fails. */
  readonly db: Kysely<Tables>;
  /**
   * For what is written often and can be computed again: steps, trials and signs of life. It outlives the process, but
   * when the power fails the last of it may be gone.
   */
  readonly progress: Kysely<Tables>;
  readonly blobs: FileBlobs;
  readonly clock: Clock;
  /** The store's folder. */
  readonly folder: string;
  readonly owner: Owner;
}

/** Who holds leases: a process of a host. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

type OwnerKind = Tables["blobUses"]["ownerKind"];

/** Replaces the blobs that a record uses; part of the transaction that writes the record. */
export async function useBlobs(
  db: Kysely<Tables>,
  ownerKind: OwnerKind,
  ownerId: string,
  blobs: Readonly<Record<string, Sha256>>,
): Promise<void> {
  await db.deleteFrom("blobUses").where("ownerKind", "=", ownerKind).where("ownerId", "=", ownerId).execute();
  const rows = Object.entries(blobs).map(([role, hash]) => ({ ownerKind, ownerId, role, hash }));
  // SQLite binds at most 32766 values in one statement.
  for (const part of groupsOf(rows, 1000)) await db.insertInto("blobUses").values(part).execute();
}

export async function blobsUsed(
  db: Kysely<Tables>,
  ownerKind: OwnerKind,
  ownerId: string,
): Promise<Readonly<Record<string, Sha256>>> {
  const rows = await db
    .selectFrom("blobUses")
    .select(["role", "hash"])
    .where("ownerKind", "=", ownerKind)
    .where("ownerId", "=", ownerId)
    .orderBy("role")
    .execute();
  return Object.fromEntries(rows.map(({ role, hash }) => [role, hash]));
}

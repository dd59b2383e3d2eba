import { processExists } from "../../foundation/base/process-exists.js";
import type { Owner } from "./backend.js";
import type { Tables } from "./tables.js";

/** A lease not renewed for this long counts as abandoned. */
export const LEASE_MS = 60_000;
export const HEARTBEAT_MS = LEASE_MS / 4;

/** False when the process is known to be gone or has not renewed its lease. */
export function isAlive(
  { ownerHost, ownerPid, leaseExpiresAt }: Pick<Tables["runs"], "ownerHost" | "ownerPid" | "leaseExpiresAt">,
  here: Owner,
  now: number,
): boolean {
  if (leaseExpiresAt <= now) return false;
  return ownerHost !== here.host || ownerPid === here.pid || processExists(ownerPid);
}

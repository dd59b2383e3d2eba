import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.js";

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Sha256 = string;

export function sha256(content: string | Uint8Array): Sha256 {
  return createHash("sha256").update(content).digest("hex");
}

/** Names a value by its canonical JSON. */
export function hashValue(value: unknown): Sha256 {
  return sha256(canonicalJson(value));
}

import { QuernError } from "../../../foundation/base/errors.js";

/** What a file from elsewhere may ask for. */
export interface ImportLimits {
  readonly nodes: number;
  /** Elements of one tensor. */
  readonly tensorElements: number;
  readonly rank: number;
  /** Functions and branches inside one another. */
  readonly depth: number;
}

export const DEFAULT_IMPORT_LIMITS: ImportLimits = {
  nodes: 200_000,
  tensorElements: 2 ** 31,
  rank: 8,
  depth: 16,
};

/** The file is broken, or asks for more than it may. */
export function malformedModel(why: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new QuernError("MODEL_REFUSED", `The model cannot be imported: ${why}.`, {
    details,
    hint: "Export the model again, or check it with its exporter's own checker; the file contradicts itself or is damaged.",
  });
}

/** The file is right, but uses what Quern has no form for. */
export function unsupportedModel(
  why: string,
  hint: string,
  details: Readonly<Record<string, unknown>> = {},
): never {
  throw new QuernError("UNSUPPORTED", `The model cannot be imported: ${why}.`, { details, hint });
}

/** Names come from the file: quoted and cut. */
export function quoted(name: string | undefined): string {
  return JSON.stringify((name ?? "").slice(0, 80));
}

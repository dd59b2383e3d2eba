/** How callers name a served model. */
import { QuernError } from "../base/errors.js";
import type { ModelPool, ServedModel } from "./serving.js";

/** `name`, `name@version` or `name@alias`. @throws QuernError MODEL_NOT_FOUND */
export function findReference(models: ModelPool, reference: string): ServedModel {
  const at = reference.lastIndexOf("@");
  if (at < 0) return models.get(reference);
  return models.get(reference.slice(0, at), parseVersion(reference.slice(at + 1)));
}

const ALIAS = /^[a-z][a-z0-9-]{0,49}$/;

/** @throws QuernError MODEL_NOT_FOUND */
export function parseVersion(text: string): number | string {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  if (ALIAS.test(text)) return text;
  throw new QuernError("MODEL_NOT_FOUND", `${JSON.stringify(text)} is neither a version nor an alias.`, {
    hint: "Versions are 1, 2, 3, …; aliases are lower-case words such as champion.",
    details: { version: text },
  });
}

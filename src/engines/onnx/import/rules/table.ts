/** Which rule reads which op. Ops without one that graphs have too are taken over as they are. */
import { CONTRIB_ACTIVATIONS, STANDARD_ACTIVATIONS } from "./activations.js";
import { CONTRIB_ATTENTION, STANDARD_ATTENTION } from "./attention.js";
import { CONTRIB_NORMALIZATIONS, STANDARD_NORMALIZATIONS } from "./normalizations.js";
import { OLDER_VERSIONS } from "./older-versions.js";
import { PLAIN } from "./plain.js";
import { CONTRIB_PRODUCTS } from "./products.js";
import { CONTRIB_QUANTIZATION, STANDARD_QUANTIZATION } from "./quantization.js";
import { CONTRIB_ROTARY, STANDARD_ROTARY } from "./rotary.js";
import type { ImportRule } from "./rule.js";

const STANDARD: Readonly<Record<string, ImportRule>> = {
  ...PLAIN,
  ...STANDARD_ACTIVATIONS,
  ...STANDARD_NORMALIZATIONS,
  ...STANDARD_ATTENTION,
  ...STANDARD_ROTARY,
  ...STANDARD_QUANTIZATION,
};

const CONTRIB: Readonly<Record<string, ImportRule>> = {
  ...CONTRIB_ACTIVATIONS,
  ...CONTRIB_NORMALIZATIONS,
  ...CONTRIB_ATTENTION,
  ...CONTRIB_ROTARY,
  ...CONTRIB_PRODUCTS,
  ...CONTRIB_QUANTIZATION,
};

export function ruleOf(domain: string, type: string, version: number): ImportRule | undefined {
  if (domain === "com.microsoft") return Object.hasOwn(CONTRIB, type) ? CONTRIB[type] : undefined;
  if (domain !== "") return undefined;
  const older = Object.hasOwn(OLDER_VERSIONS, type) ? OLDER_VERSIONS[type] : undefined;
  const form = older?.find(({ until }) => version <= until);
  if (form) return form.rule;
  return Object.hasOwn(STANDARD, type) ? STANDARD[type] : undefined;
}

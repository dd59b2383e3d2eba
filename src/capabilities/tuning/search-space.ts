import type { z } from "zod";
import { type FieldMetadata, fields } from "../../foundation/contracts/extension.js";

/** One tunable field of a config. */
export type Dimension =
  | {
      readonly name: string;
      readonly kind: "number";
      readonly low: number;
      readonly high: number;
      readonly scale: "linear" | "log";
      readonly integer: boolean;
    }
  | {
      readonly name: string;
      readonly kind: "choice";
      readonly choices: readonly (string | number | boolean)[];
    };

export type SearchSpace = readonly Dimension[];

/** The tunable fields of a trainer's config, in schema order. */
export function searchSpace(config: z.ZodObject): SearchSpace {
  return Object.entries(config.shape).flatMap(([name, schema]) => {
    const tune = fields.get(schema as z.ZodType)?.tune;
    return tune ? [dimension(name, tune)] : [];
  });
}

function dimension(name: string, tune: NonNullable<FieldMetadata["tune"]>): Dimension {
  if ("choices" in tune) return { name, kind: "choice", choices: tune.choices };
  const { low, high, scale = "linear", integer = false } = tune;
  if (!(low < high) || (scale === "log" && low <= 0))
    throw new Error(`The tuning range of ${name} is not usable: ${low} to ${high}.`);
  return { name, kind: "number", low, high, scale, integer };
}

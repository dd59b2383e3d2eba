import type { z } from "zod";
import { type FieldMetadata, fields } from "../../../foundation/contracts/extension.js";
import type {
  ActiveWhen,
  ChoiceValue,
  Dimension,
  SearchSpace,
} from "../../../foundation/contracts/search-space.js";
import { checkSpace } from "./conditions.js";

type Tune = NonNullable<FieldMetadata["tune"]>;

/**
 * The tunable fields of a trainer's config, in schema order. Fields in `pinned` keep the given value and are not
 * searched; a condition on a field that is not searched is decided by its pinned value or its default.
 * @throws Error for a range or condition that cannot be used (a mistake in the extension)
 */
export function searchSpace(
  config: z.ZodObject,
  pinned: Readonly<Record<string, unknown>> = {},
): SearchSpace {
  const tunes = new Map<string, Tune>();
  for (const [name, schema] of Object.entries(config.shape)) {
    const tune = fields.get(schema as z.ZodType)?.tune;
    if (tune && !(name in pinned)) tunes.set(name, tune);
  }
  const settled = { ...(config.parse({}) as Record<string, unknown>), ...pinned };
  const excluded = excludedNames(tunes, settled);
  const space = [...tunes]
    .filter(([name]) => !excluded.has(name))
    .map(([name, tune]) => dimension(name, tune, remainingCondition(tune.when, tunes), settled[name]));
  return checkSpace(space);
}

/** Fields whose condition a settled field already fails, and those that depend on them. */
function excludedNames(tunes: ReadonlyMap<string, Tune>, settled: Record<string, unknown>): Set<string> {
  const excluded = new Set<string>();
  const fails = ([field, values]: [string, readonly ChoiceValue[]]) =>
    excluded.has(field) || (!tunes.has(field) && !values.includes(settled[field] as ChoiceValue));
  for (let size = -1; size < excluded.size; ) {
    size = excluded.size;
    for (const [name, { when }] of tunes) if (when && Object.entries(when).some(fails)) excluded.add(name);
  }
  return excluded;
}

function remainingCondition(when: ActiveWhen | undefined, tunes: ReadonlyMap<string, Tune>) {
  const remaining = Object.entries(when ?? {}).filter(([field]) => tunes.has(field));
  return remaining.length > 0 ? (Object.fromEntries(remaining) as ActiveWhen) : undefined;
}

function dimension(name: string, tune: Tune, when: ActiveWhen | undefined, settled: unknown): Dimension {
  const conditional = when ? { when } : {};
  const wanted = tune.lowCost ?? settled;
  if ("choices" in tune) {
    const start = tune.choices.find((choice) => choice === wanted);
    return {
      name,
      kind: "choice",
      choices: tune.choices,
      ...conditional,
      ...(start === undefined ? {} : { start }),
    };
  }
  const { low, high, scale = "linear", integer = false } = tune;
  const start = typeof wanted === "number" ? { start: Math.min(high, Math.max(low, wanted)) } : {};
  return { name, kind: "number", low, high, scale, integer, ...conditional, ...start };
}

import type { Configuration, Dimension, SearchSpace } from "../../../foundation/contracts/search-space.js";

/** Whether the dimension takes part, given values of the dimensions its condition names. */
export function isActive(dimension: Dimension, configuration: Configuration): boolean {
  if (!dimension.when) return true;
  return Object.entries(dimension.when).every(([field, values]) => {
    const value = configuration[field];
    return value !== undefined && values.includes(value);
  });
}

/** The dimensions with each after those its condition names, otherwise in their own order. */
export function parentsFirst(space: SearchSpace): SearchSpace {
  const ordered: Dimension[] = [];
  const placed = new Set<string>();
  let waiting = [...space];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ when }) => Object.keys(when ?? {}).every((field) => placed.has(field)));
    if (ready.length === 0)
      throw new Error(
        `Conditions of ${waiting.map(({ name }) => name).join(", ")} name no usable dimension.`,
      );
    for (const dimension of ready) {
      ordered.push(dimension);
      placed.add(dimension.name);
    }
    waiting = waiting.filter(({ name }) => !placed.has(name));
  }
  return ordered;
}

/** The space itself. @throws Error that names the dimension which breaks a rule of `SearchSpace` */
export function checkSpace(space: SearchSpace): SearchSpace {
  const byName = new Map(space.map((dimension) => [dimension.name, dimension]));
  if (byName.size < space.length) throw new Error("Two dimensions of a search space have the same name.");
  for (const dimension of space) {
    checkRange(dimension);
    for (const [field, values] of Object.entries(dimension.when ?? {})) {
      const parent = byName.get(field);
      if (parent?.kind !== "choice" || !values.every((value) => parent.choices.includes(value)))
        throw new Error(
          `The condition of ${dimension.name} on ${field} names no choice of the search space.`,
        );
    }
  }
  parentsFirst(space);
  return space;
}

function checkRange(dimension: Dimension): void {
  const { name } = dimension;
  if (dimension.kind === "choice") {
    const { choices } = dimension;
    if (choices.length === 0 || new Set(choices).size < choices.length)
      throw new Error(`The choices of ${name} are not usable: ${choices.join(", ")}.`);
    return;
  }
  const { low, high, scale, integer } = dimension;
  const whole = !integer || (Number.isInteger(low) && Number.isInteger(high));
  if (!(low < high) || !Number.isFinite(high - low) || (scale === "log" && low <= 0) || !whole)
    throw new Error(`The tuning range of ${name} is not usable: ${low} to ${high}.`);
}

import type {
  ChoiceValue,
  Configuration,
  Dimension,
  SearchSpace,
} from "../../../foundation/contracts/search-space.js";
import { checkSpace } from "./conditions.js";

/** The dimension of a merged space that says whose configuration it is. */
export const TRAINER_DIMENSION = "trainer";

/**
 * One space for several trainers in one study: a choice `trainer` and every trainer's own dimensions, named
 * `<trainer>.<field>`, active where that trainer is chosen. A trainer without dimensions is a choice alone.
 */
export function mergeSpaces(spaces: Readonly<Record<string, SearchSpace>>): SearchSpace {
  const trainers = Object.keys(spaces);
  const own = Object.entries(spaces).flatMap(([trainer, space]) =>
    space.map((dimension): Dimension => {
      const conditions = Object.entries(dimension.when ?? {}).map(([field, values]) => [
        `${trainer}.${field}`,
        values,
      ]);
      const when = { [TRAINER_DIMENSION]: [trainer], ...Object.fromEntries(conditions) };
      return { ...dimension, name: `${trainer}.${dimension.name}`, when };
    }),
  );
  return checkSpace([{ name: TRAINER_DIMENSION, kind: "choice", choices: trainers }, ...own]);
}

/** The chosen trainer and its fields, from a configuration of a merged space. */
export function splitConfiguration(configuration: Configuration): {
  readonly trainer: string;
  readonly fields: Configuration;
} {
  const trainer = String(configuration[TRAINER_DIMENSION]);
  const prefix = `${trainer}.`;
  const fields = Object.entries(configuration)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]): [string, ChoiceValue] => [name.slice(prefix.length), value]);
  return { trainer, fields: Object.fromEntries(fields) };
}

/** The other way: what `splitConfiguration` gives back. */
export function joinConfiguration(trainer: string, fields: Configuration): Configuration {
  const own = Object.entries(fields).map(([name, value]) => [`${trainer}.${name}`, value]);
  return { [TRAINER_DIMENSION]: trainer, ...Object.fromEntries(own) };
}

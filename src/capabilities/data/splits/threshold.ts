import { QuernError } from "../../../foundation/base/errors.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { hashText, rowKeys } from "./row-keys.js";
import {
  LEFT_OUT,
  PART,
  requireInput,
  requireRows,
  type Shares,
  type SplitInput,
  usableRows,
} from "./split-input.js";

/**
 * A row's part is the interval its own key falls in: [0, test) test, then validation, then training. The part
 * of a row does not depend on any other row, so it stays when rows are added; sizes vary as a coin would.
 */
export function randomParts(shares: Shares, input: SplitInput): Uint8Array {
  const rows = usableRows(input);
  requireRows(rows.length, partCount(shares), "This split");
  const keys = rowKeys(input.rowHashes, input.seed);
  const unitKeys = new Map<number, number>();
  for (const row of rows) unitKeys.set(keys[row]!, keys[row]!);
  const unitParts = assignUnits([...unitKeys], shares);
  const parts = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  for (const row of rows) parts[row] = unitParts.get(keys[row]!)!;
  return parts;
}

/** As `randomParts`, with the key taken from the group's name: a group never crosses and never moves. */
export function groupParts(config: Extract<SplitConfig, { kind: "group" }>, input: SplitInput): Uint8Array {
  const rows = usableRows(input);
  const units = groupUnits(rows, requireInput(input, "groups", config), input);
  const unitParts = assignUnits([...units.keys], config);
  if (units.keys.size < partCount(config)) {
    throw new QuernError(
      "DATA_TOO_FEW_ROWS",
      `The group column ${JSON.stringify(config.group)} has ${units.keys.size === 1 ? "1 group" : `${units.keys.size} groups`}; this split needs at least ${partCount(config)}.`,
      {
        details: { groups: units.keys.size, column: config.group },
        hint: "Name another group column, or split at random.",
      },
    );
  }
  const parts = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  for (const [i, row] of rows.entries()) parts[row] = unitParts.get(units.names[i]!)!;
  return parts;
}

/** A name and a key for the group of each given row; a row without a group is named by its own hash. */
export function groupUnits(
  rows: Int32Array,
  groups: readonly string[],
  input: SplitInput,
): { names: string[]; keys: Map<string, number> } {
  const names = Array.from(rows, (row) =>
    groups[row] === "" ? `row ${input.rowHashes[row]}` : `group ${groups[row]}`,
  );
  const unique = [...new Set(names)];
  const keys = rowKeys(BigUint64Array.from(unique, hashText), input.seed);
  return { names, keys: new Map(unique.map((name, i) => [name, keys[i]!])) };
}

const partCount = (shares: Shares): number => (shares.validation > 0 ? 3 : 2);

/**
 * Parts by key interval. A part that chance left empty (few units) takes the unit whose key is nearest to its
 * interval from a part that has more than one.
 */
function assignUnits<Unit>(units: readonly (readonly [Unit, number])[], shares: Shares): Map<Unit, number> {
  const validationEnd = shares.test + shares.validation;
  const partOf = (key: number): number =>
    key < shares.test ? PART.test : key < validationEnd ? PART.validation : PART.train;
  const result = new Map(units.map(([unit, key]) => [unit, partOf(key)]));
  const sizes = [0, 0, 0];
  for (const part of result.values()) sizes[part]!++;
  const middles = [(1 + validationEnd) / 2, shares.test + shares.validation / 2, shares.test / 2];
  for (const part of [PART.train, PART.test, PART.validation]) {
    if (sizes[part] !== 0 || (part === PART.validation && shares.validation === 0)) continue;
    const donors = units.filter(([unit]) => sizes[result.get(unit)!]! > 1);
    const distance = (key: number): number => Math.abs(key - middles[part]!);
    const [nearest] = donors.sort((a, b) => distance(a[1]) - distance(b[1]));
    if (!nearest) continue;
    sizes[result.get(nearest[0])!]!--;
    result.set(nearest[0], part);
    sizes[part]!++;
  }
  return result;
}

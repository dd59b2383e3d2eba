import { QuernError } from "../../../foundation/base/errors.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { LEFT_OUT, PART, requireInput, type SplitInput, usableRows } from "./split-input.js";

const NAMES = new Map<string, number>([
  ...["train", "training"].map((name) => [name, PART.train] as const),
  ...["validation", "valid", "val", "dev"].map((name) => [name, PART.validation] as const),
  ...["test", "testing", "holdout"].map((name) => [name, PART.test] as const),
]);

/** The split column decides; rows with no entry are left out. */
export function columnParts(
  config: Extract<SplitConfig, { kind: "columns" }>,
  input: SplitInput,
): Uint8Array {
  const values = requireInput(input, "columnValues", config);
  const column = JSON.stringify(config.column);
  const parts = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  for (const row of usableRows(input)) {
    const value = values[row]!.trim().toLowerCase();
    if (value === "") continue;
    const part = NAMES.get(value);
    if (part === undefined) {
      throw new QuernError(
        "CONFIG_INVALID",
        `Row ${row + 1} of the split column ${column} holds ${JSON.stringify(values[row])}, which is no part.`,
        {
          details: { row: row + 1, column: config.column, value: values[row] },
          hint: "Write train, validation or test in every row of the split column.",
        },
      );
    }
    parts[row] = part;
  }
  for (const name of ["train", "test"] as const) {
    if (parts.includes(PART[name])) continue;
    throw new QuernError("DATA_TOO_FEW_ROWS", `The split column ${column} marks no usable row as ${name}.`, {
      details: { column: config.column, part: name },
      hint: `Mark some rows as ${name}, or choose another kind of split.`,
    });
  }
  return parts;
}

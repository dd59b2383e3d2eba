import { expect, it } from "vitest";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { TableWithImages } from "../load/images.js";
import { readInputs } from "./reading.js";

const MANIFEST = {
  inputs: ["x", "y", "amount"].map((name) => ({ column: { name, kind: "number" }, optional: false })),
} as unknown as Manifest;
const tableOf = (...names: string[]) =>
  ({ table: { columns: names.map((name) => ({ name, storage: "number" })) } }) as unknown as TableWithImages;

it.each([
  [["x", "amount"], 'The data has no column "y", which the model needs.'],
  [["x", "y", "amuont"], 'The data has no column "amount", which the model needs; did you mean "amuont"?'],
])("of %j a missing column is named, and a slip of it, never another input", async (names, message) => {
  await expect(readInputs(tableOf(...names), MANIFEST)).rejects.toMatchObject({
    code: "PREDICTION_INPUT",
    message,
  });
});

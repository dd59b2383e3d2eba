import { shortestSingle } from "../../foundation/base/number-text.js";
import { encodePng } from "../../foundation/base/pictures/png.js";
import type { ServedModel } from "../../foundation/contracts/serving.js";

const SIDE = 8;
const GREY = { width: SIDE, height: SIDE, channels: 1, data: new Uint8Array(SIDE * SIDE).fill(128) } as const;

/** A small grey file, as a data URI. */
const examplePicture = (): string =>
  `data:image/png;base64,${Buffer.from(encodePng(GREY)).toString("base64")}`;

/** A row with something plausible in every column, as JSON has it. */
export function exampleRow({ manifest }: Pick<ServedModel, "manifest">): Record<string, unknown> {
  const entries = manifest.inputs.map(({ column, range, categories }) => {
    if (column.kind === "image") return [column.name, examplePicture()] as const;
    if (column.kind === "number") return [column.name, range ? shortestSingle(range[0]) : null] as const;
    if (column.kind === "boolean") return [column.name, true] as const;
    return [column.name, categories?.[0] ?? null] as const;
  });
  return Object.fromEntries(entries);
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTable } from "../../engines/table/index.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { createFrame } from "../../foundation/contracts/frame.js";
import { divisionHashes } from "./record-data.js";

it("divides by the pixels of images, whatever their files are called", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-division-"));
  const path = join(folder, "rows.csv");
  writeFileSync(path, "photo,size\na.pgm,1\ncopy-of-a.pgm,1\na.pgm,2\nb.pgm,1\n");
  const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 1 });
  try {
    const schema: ColumnSchema[] = [
      { name: "photo", kind: "image", reason: "", format: { width: 2, height: 1, channels: 1 } },
      { name: "size", kind: "number", reason: "", precision: "float32" },
    ];
    const values = Uint8Array.of(5, 6, 5, 6, 5, 6, 5, 7);
    const frame = createFrame([["photo", { kind: "image", values, height: 1, width: 2, channels: 1 }]]);
    const [first, copy, other, different] = await divisionHashes(table, { schema, frame });
    expect(copy).toBe(first);
    expect(new Set([first, other, different]).size).toBe(3);
  } finally {
    await table.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The whole of ONNX's backend test set, where QUERN_ONNX_BACKEND_TESTS names its folder (test/oracles/onnx-backend). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCase, roundTrip, runCase } from "../../../../test/fixtures/onnx-backend-case.js";

const root = process.env.QUERN_ONNX_BACKEND_TESTS ?? "";

function models(): { readonly folder: string; readonly file: string }[] {
  return readdirSync(root).flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((name) => {
      const folder = join(root, kind, name);
      const file = name.endsWith(".onnx") ? folder : join(folder, "model.onnx");
      return existsSync(file) && (name.endsWith(".onnx") || !name.includes(".")) ? [{ folder, file }] : [];
    }),
  );
}

describe.skipIf(root === "")("the backend test set (QUERN_ONNX_BACKEND_TESTS names its folder)", () => {
  it("is read and written without loss", () => {
    const lost = models().filter(({ file }) => !roundTrip(readFileSync(file)).isEqual);
    expect(lost).toEqual([]);
  });

  it("is imported, run and compared", async () => {
    const counts = { equal: 0, "equal with constant axes and shapes": 0, refused: 0, different: 0 };
    const notes: string[] = [];
    for (const { folder, file } of models()) {
      if (folder === file) continue;
      const recorded = readCase(folder);
      const plain = await runCase(recorded, false);
      const fixed = plain.kind === "equal" ? plain : await runCase(recorded, true);
      const outcome = fixed.kind === "equal" || plain.kind === "refused" ? fixed : plain;
      if (plain.kind !== "equal" && fixed.kind === "equal") counts["equal with constant axes and shapes"]++;
      else counts[outcome.kind]++;
      if (outcome.kind !== "equal")
        notes.push(`${outcome.kind} ${folder.slice(root.length)}: ${outcome.why}`);
    }
    console.info(notes.join("\n"));
    console.info(counts);
    expect(counts.different).toBeLessThan(40);
    expect(counts.equal).toBeGreaterThan(1200);
  }, 600_000);
});

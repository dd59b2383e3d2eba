/** The whole of ONNX's backend test set, as its package writes it (test/oracles/onnx-backend). */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCase, roundTrip, runCase } from "../../../../test/fixtures/onnx-backend-case.js";
import { pythonWith } from "../../../../test/fixtures/python-environment.js";

const oracles = fileURLToPath(new URL("../../../../test/oracles/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "quern-onnx-backend-"));
beforeAll(() => {
  const python = pythonWith(join(oracles, "onnx/requirements.txt"));
  execFileSync(python, [join(oracles, "onnx-backend/record.py"), root], { stdio: "ignore" });
}, 600_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function models(): { readonly folder: string; readonly file: string }[] {
  return readdirSync(root).flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((name) => {
      const folder = join(root, kind, name);
      const file = name.endsWith(".onnx") ? folder : join(folder, "model.onnx");
      return existsSync(file) && (name.endsWith(".onnx") || !name.includes(".")) ? [{ folder, file }] : [];
    }),
  );
}

describe("the backend test set", () => {
  it("is read and written without loss", () => {
    const lost = models().filter(({ file }) => !roundTrip(readFileSync(file)).isEqual);
    expect(models().length).toBeGreaterThan(1900);
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
    expect(counts.different).toBeLessThan(25);
    expect(counts.equal).toBeGreaterThan(1300);
  }, 600_000);
});

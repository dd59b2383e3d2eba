/** A case of each op from ONNX's own backend tests, recorded in test/oracles/onnx-backend. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type RecordedCase, roundTrip, runCase } from "../../../../test/fixtures/onnx-backend-case.js";

interface StoredCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const file = new URL("../../../../test/oracles/onnx-backend/cases.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly StoredCase[] };
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const decoded = ({ model, inputs, outputs }: StoredCase): RecordedCase => ({
  model: bytes(model),
  inputs: inputs.map(bytes),
  outputs: outputs.map(bytes),
});

describe("ONNX's backend cases", () => {
  it("are written as they were read", () => {
    for (const { name, model } of cases)
      expect([name, roundTrip(bytes(model)).isEqual]).toEqual([name, true]);
  });

  it("give the recorded outputs, or are refused by name", async () => {
    const counts = { equal: 0, refused: 0 };
    for (const stored of cases) {
      const plain = await runCase(decoded(stored), false);
      const outcome = plain.kind === "equal" ? plain : await runCase(decoded(stored), true);
      if (outcome.kind === "different") {
        expect([stored.name, outcome.why]).toBe("equal");
        continue;
      }
      counts[outcome.kind]++;
      if (outcome.kind === "refused") expect(outcome.why).toMatch(/^(UNSUPPORTED|MODEL_REFUSED) /);
    }
    expect(counts.equal).toBeGreaterThanOrEqual(150);
  });
});

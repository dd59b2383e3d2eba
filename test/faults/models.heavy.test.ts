import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { admitModel } from "../../src/engines/onnx/index.js";
import { readModel, writeModel } from "../../src/engines/onnx/protobuf/messages.js";
import { QuernError } from "../../src/foundation/base/errors.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { HOSTILE, SMALL_BOMB, SOUND } from "./hostile-models.js";
import { mutated, nonsense } from "./mutate.js";
import { WIDE } from "./wide-models.js";

/** Mutations of each sound model; `QUERN_FUZZ_ROUNDS` raises it. Needs a build (`npm run build`). */
const ROUNDS = Number(process.env.QUERN_FUZZ_ROUNDS ?? 4000);
/** Files whose first bytes are mutated; judged before any native code. */
const HEADERS = Number(process.env.QUERN_FUZZ_HEADERS ?? 1_000_000);
const HEADER_BYTES = 96;
const BATCH = 2000;
const MEMORY_LIMIT_MEGABYTES = 1000;

const folder = mkdtempSync(join(tmpdir(), "quern-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = fileURLToPath(new URL("run-models.mjs", import.meta.url));

interface Outcome {
  readonly refused: number;
  readonly failed: number;
  readonly answered: number;
  readonly megabytes: number;
}

/** Runs the models in a child, which must end by itself. */
function survive(name: string, models: readonly Uint8Array[]): Outcome {
  const path = join(folder, "models.bin");
  const parts = models.flatMap((model) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(model.length);
    return [length, model];
  });
  writeFileSync(path, Buffer.concat(parts));
  const child = spawnSync(process.execPath, [script, path], { encoding: "utf8", timeout: 300_000 });
  const end = `${name}: status ${child.status}, signal ${child.signal}\n${child.stderr}`;
  expect(child.status, end).toBe(0);
  return JSON.parse(child.stdout.trim().split("\n").at(-1)!);
}

it("requirement 6: a million mutated headers are admitted or refused with a reason, and the process goes on", () => {
  const random = createRandom("headers");
  const sound = Object.values(SOUND).map(writeModel);
  const outcomes = { admitted: 0, refused: 0 };
  for (let round = 0; round < HEADERS; round++) {
    const model = sound[round % sound.length]!.slice();
    const head = mutated(model.subarray(0, HEADER_BYTES), random);
    const bytes = Buffer.concat([head, model.subarray(HEADER_BYTES)]);
    try {
      admitModel(bytes);
      outcomes.admitted += 1;
    } catch (failure) {
      if (!QuernError.is(failure) || failure.code !== "MODEL_REFUSED") throw failure;
      outcomes.refused += 1;
    }
  }
  expect(outcomes.admitted + outcomes.refused).toBe(HEADERS);
  // Both happen, else the mutations would say nothing.
  expect(Math.min(outcomes.admitted, outcomes.refused)).toBeGreaterThan(HEADERS / 100);
}, 1_800_000);

describe("requirement 6: native code behind the loader", () => {
  it("requirement 1: runs what is sound and is never reached by what is hostile", () => {
    const sound = [...Object.values(WIDE), ...Object.values(SOUND).map(writeModel)];
    expect(survive("sound", sound)).toMatchObject({ refused: 0, failed: 0, answered: sound.length });
    const hostile = [SMALL_BOMB, ...Object.values(HOSTILE).map(writeModel)];
    const outcome = survive("hostile", hostile);
    expect(outcome).toMatchObject({ refused: hostile.length, failed: 0, answered: 0 });
    expect(outcome.megabytes).toBeLessThan(400);
  });

  const models = {
    ...WIDE,
    ...Object.fromEntries(Object.entries(SOUND).map(([name, value]) => [name, writeModel(value)])),
  };

  it.each(Object.entries(models))(
    "survives mutations of %s",
    (name, bytes) => {
      const random = createRandom(`fuzz ${name}`);
      for (let done = 0; done < ROUNDS; done += BATCH) {
        const sound = readModel(bytes);
        const batch = Array.from({ length: Math.min(BATCH, ROUNDS - done) }, (_, index) =>
          index % 3 === 0 ? mutated(bytes, random) : writeModel(nonsense(sound, random)),
        );
        const outcome = survive(`${name}, from mutation ${done}`, batch);
        expect(outcome.megabytes).toBeLessThan(MEMORY_LIMIT_MEGABYTES);
      }
    },
    600_000,
  );
});

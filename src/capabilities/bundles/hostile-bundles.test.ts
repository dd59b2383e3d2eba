import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallModel } from "../../../test/golden/small-model.js";
import { packArchive, readArchive } from "../../foundation/base/archive.js";
import { sha256 } from "../../foundation/base/hash.js";
import { createRandom } from "../../foundation/base/random.js";
import { type Manifest, manifestSchema, sealedContent } from "../../foundation/contracts/bundle.js";
import { bundleFiles, loadBundle, writeBundle } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "quern-hostile-"));
const sound = join(folder, "sound");
let count = 0;

beforeAll(async () => {
  await writeBundle(sound, smallModel("binary"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copy(): string {
  const path = join(folder, `copy-${count++}`);
  cpSync(sound, path, { recursive: true });
  return path;
}

/** Changes the manifest and seals it again, as an attacker would. */
function forge(path: string, change: (manifest: Manifest) => unknown): string {
  const file = join(path, "manifest.json");
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const changed = change(manifest) as Manifest;
  writeFileSync(file, JSON.stringify({ ...changed, sha256: sha256(sealedContent(changed)) }));
  return path;
}

const refused = (path: string, code = "BUNDLE_INVALID", message = /./) =>
  expect(loadBundle(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

describe("a hostile bundle", () => {
  it("of which a file is missing is refused with the name of the file and a remedy", async () => {
    for (const name of ["manifest.json", "model.onnx", "sample.json", "metrics.json", "card.md"]) {
      const path = copy();
      rmSync(join(path, name));
      await expect(loadBundle(path)).rejects.toMatchObject({
        ...{ code: "BUNDLE_INVALID", message: `The bundle ${path} has no file ${name}.` },
        hint: expect.stringContaining("whole bundle"),
      });
    }
  });

  it("is refused for one flipped bit in any file", async () => {
    const random = createRandom("flips");
    for (const name of ["manifest.json", "model.onnx", "sample.json", "metrics.json", "card.md"]) {
      for (let round = 0; round < 25; round++) {
        const path = copy();
        const bytes = readFileSync(join(path, name));
        bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
        writeFileSync(join(path, name), bytes);
        await refused(path);
      }
    }
  });

  it("is refused when a file is missing, cut or replaced by a folder, a link or a hard link", async () => {
    for (const name of ["manifest.json", "model.onnx", "card.md"]) {
      const [missing, cut, directory, link, hard] = [copy(), copy(), copy(), copy(), copy()];
      rmSync(join(missing, name));
      writeFileSync(join(cut, name), readFileSync(join(cut, name)).subarray(1));
      rmSync(join(directory, name));
      mkdirSync(join(directory, name));
      renameSync(join(link, name), join(folder, `outside-${count++}`));
      symlinkSync(join(sound, name), join(link, name));
      linkSync(join(hard, name), join(folder, `hard-${count++}`));
      for (const path of [missing, cut, directory, link, hard]) await refused(path);
    }
  });

  it("requirement 2: is refused when it names a path outside itself", async () => {
    writeFileSync(join(folder, "secret"), "secret");
    const file = { sha256: sha256("secret"), bytes: 6 };
    for (const name of [
      "../secret",
      "/etc/passwd",
      "a/../../secret",
      "..\\secret",
      "%2e%2e/secret",
      "C:/x",
      "a//b",
      "./x",
    ]) {
      const path = forge(copy(), (manifest) => ({ ...manifest, files: { ...manifest.files, [name]: file } }));
      await refused(path, "BUNDLE_INVALID", /no plain path/);
    }
  });

  it("is refused when its parent folder of a file is a link", async () => {
    const path = forge(copy(), (manifest) => ({
      ...manifest,
      files: { ...manifest.files, "assets/x": { sha256: sha256("secret"), bytes: 6 } },
    }));
    const outside = join(folder, `assets-${count++}`);
    mkdirSync(outside);
    writeFileSync(join(outside, "x"), "secret");
    symlinkSync(outside, join(path, "assets"));
    await refused(path, "BUNDLE_INVALID", /symbolic link/);
  });

  it("is refused when manifest and graph differ, or the format is of the future", async () => {
    await refused(
      forge(copy(), (m) => ({ ...m, formatVersion: 99 })),
      "BUNDLE_INVALID",
      /upgrade Quern/,
    );
    await refused(
      forge(copy(), (m) => ({ ...m, task: "regression" })),
      "BUNDLE_INVALID",
      /do not fit the task/,
    );
    await refused(
      forge(copy(), (m) => ({ ...m, graphInputs: m.graphInputs.slice(1) })),
      "BUNDLE_INVALID",
      /unknown input/,
    );
    await refused(
      forge(copy(), (m) => ({
        ...m,
        hostTransforms: [{ id: "none", version: 1, inputs: ["age"], outputs: ["z"], state: "assets/none" }],
      })),
      "BUNDLE_INVALID",
      /does not list assets/,
    );
    await refused(forge(copy(), (m) => ({ ...m, extra: 1 })));
  });

  it("is refused when the model no longer answers as it did", async () => {
    const parts = smallModel("binary");
    const other = await bundleFiles({ ...smallModel("binary"), model: smallModel("binary").model });
    const sample = JSON.parse(new TextDecoder().decode(other.files.get("sample.json")));
    sample.responses[0].probabilities.yes += 0.001;
    const bytes = strToU8(JSON.stringify(sample));
    const path = forge(copy(), (manifest) => ({
      ...manifest,
      files: { ...manifest.files, "sample.json": { sha256: sha256(bytes), bytes: bytes.length } },
    }));
    writeFileSync(join(path, "sample.json"), bytes);
    await refused(path, "BUNDLE_INVALID", /answers sample 1 with a difference/);
    expect(parts.inputs).toHaveLength(7);
  });

  it("is refused as an archive with foreign paths, bombs or damage", async () => {
    const at = (bytes: Uint8Array): string => {
      const path = join(folder, `archive-${count++}.quern`);
      writeFileSync(path, bytes);
      return path;
    };
    const { files } = await bundleFiles(smallModel("binary"));
    const good = packArchive(files);
    await refused(at(zipSync({ "../x": strToU8("x") })), "BUNDLE_INVALID", /no plain path/);
    await refused(
      at(zipSync({ "manifest.json": [new Uint8Array(64 << 20), { level: 9 }] })),
      "BUNDLE_INVALID",
      /times its size/,
    );
    await refused(at(good.slice(0, good.length - 30)), "BUNDLE_INVALID", /archive is refused/);
    await refused(at(strToU8("not a zip at all")), "BUNDLE_INVALID");
    const random = createRandom("archive");
    for (let round = 0; round < 60; round++) {
      const broken = good.slice();
      broken[random.integer(broken.length)]! ^= 1 << random.integer(8);
      // A flip in a time stamp or a local name changes nothing that is read; everything else is refused.
      try {
        expect(readArchive(broken)).toEqual(files);
      } catch (error) {
        if ((error as { code?: string }).code !== "BUNDLE_INVALID") {
          await refused(at(broken));
        }
      }
    }
  });
});

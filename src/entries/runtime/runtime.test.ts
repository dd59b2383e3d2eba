import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as runtime from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { type SmallTask, smallModel } from "../../../test/golden/small-model.js";
import { bundleFiles, loadBundle, writeBundle } from "../../capabilities/bundles/index.js";
import { packArchive } from "../../foundation/base/archive.js";
import { archiveBundle, createPredictor, fetchBundle } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "quern-runtime-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = [
  { age: 30, balance: 1e9, member: "yes", city: "北京", since: "2020-01-02", label: "good", place: [1, 2] },
  { age: null, balance: 1e9 + 7, member: false, city: "Oslo", since: null, label: "\0", place: null },
];

describe("quern/runtime", () => {
  it.each<SmallTask>(["binary", "multiclass", "regression"])(
    "answers as the server does (%s)",
    async (task) => {
      const written = await writeBundle(join(folder, `${task}.quern`), smallModel(task));
      const [here, there] = [
        await createPredictor(archiveBundle(readFileSync(written.path)), { runtime }),
        await loadBundle(written.path),
      ];
      expect(here.manifest).toEqual(there.manifest);
      expect(await here.predict(ROWS)).toEqual(await there.predict(ROWS));
      // Callers need not wait for one another.
      const answers = await Promise.all(ROWS.map((row) => here.predict([row])));
      expect(answers.flat()).toEqual(await there.predict(ROWS));
      await Promise.all([here.close(), there.close()]);
    },
  );

  it("reads a folder and an archive by URL", async () => {
    const { files } = await bundleFiles(smallModel("binary"));
    const fetch = (async (url: URL) => {
      const { pathname } = new URL(url);
      const bytes =
        pathname === "/m.quern" ? packArchive(files) : files.get(pathname.replace("/folder/", ""));
      return bytes ? new Response(bytes as BodyInit) : new Response("", { status: 404 });
    }) as typeof globalThis.fetch;
    for (const url of ["https://models.test/folder/", "https://models.test/m.quern"]) {
      const predictor = await createPredictor(await fetchBundle(url, fetch), { runtime });
      expect(await predictor.predict(ROWS)).toHaveLength(2);
      await predictor.close();
    }
    await expect(fetchBundle("https://models.test/none.quern", fetch)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
    });
  });

  it("refuses a file with a flipped bit before anything runs", async () => {
    const { files } = await bundleFiles(smallModel("binary"));
    for (const [name, bytes] of files) {
      const flipped = bytes.slice();
      flipped[Math.floor(flipped.length / 2)]! ^= 1;
      const read = async (wanted: string) => (wanted === name ? flipped : files.get(wanted)!);
      await expect(createPredictor(read, { runtime }), name).rejects.toMatchObject({
        code: "BUNDLE_INVALID",
      });
    }
  });
});

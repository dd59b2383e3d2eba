import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSource } from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const context = () => ({ threads: 1, baseFolder: folder, temporaryFolder: folder });

const columns = '{"x":[1,2,3],"t":["a","b","a"]}';
const pandas = '{"x":{"0":1,"1":2},"t":{"0":"a","1":"b"}}';
const stream = Buffer.from("ffffffff10010000", "hex");
const twice = gzipSync(gzipSync("a,b\n1,2\n"));

it.each([
  ["gzip in gzip", "t.csv.gz", twice, "DATA_UNSUPPORTED", /twice/],
  ["an old Feather file", "f.feather", "FEA1\0\0\0\0", "DATA_UNSUPPORTED", /Feather/],
  ["an Arrow stream", "s.arrows", stream, "DATA_UNSUPPORTED", /Arrow stream/],
  ["JSON of columns", "c.json", columns, "DATA_MALFORMED", /one record/],
  ["JSON of columns, as pandas writes it", "c.json", pandas, "DATA_MALFORMED", /one record/],
])("%s is refused with a way out, and leaves nothing behind", async (_name, file, content, code, message) => {
  writeFileSync(join(folder, file), content);
  await expect(openSource(file, {}, context())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/./),
  });
  expect(readdirSync(folder)).toEqual([file]);
});

it("a link that leads back to itself is no file", async () => {
  symlinkSync("loop.csv", join(folder, "loop.csv"));
  await expect(openSource("loop.csv", {}, context())).rejects.toMatchObject({ code: "DATA_NOT_FOUND" });
});

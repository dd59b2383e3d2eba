import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { keyOfFile, PixelCache } from "./pixel-cache.js";

const folder = mkdtempSync(join(tmpdir(), "quern-pixels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const size = { width: 4, height: 2, channels: 3 };
const picture = (value: number) => new Uint8Array(24).fill(value);
const key = (value: number) => keyOfFile(Uint8Array.of(value));
const files = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

it("knows after it was saved what was decoded, in that size alone, and not what is damaged", () => {
  const first = new PixelCache(folder);
  first.add(key(1), size, picture(1));
  first.add(key(2), size, picture(2));
  expect(first.get(key(1), size)).toBeUndefined();
  first.save();
  const second = new PixelCache(folder);
  expect([...second.get(key(2), size)!]).toEqual([...picture(2)]);
  expect(second.get(key(2), { ...size, width: 2 })).toBeUndefined();
  second.add(key(2), size, picture(2));
  second.save();
  const [file, ...others] = files();
  expect(others).toEqual([]);
  writeFileSync(join(file!.parentPath, file!.name), "damaged");
  expect(new PixelCache(folder).get(key(1), size)).toBeUndefined();
});

it("keeps to its limit: the oldest go, and what is larger than all of it is not kept", () => {
  rmSync(folder, { recursive: true });
  const probe = new PixelCache(folder);
  probe.add(key(0), size, picture(0));
  probe.save();
  const LIMIT = Math.floor(2.5 * statSync(join(files()[0]!.parentPath, files()[0]!.name)).size);
  rmSync(folder, { recursive: true });
  for (const value of [1, 2, 3]) {
    const cache = new PixelCache(folder, LIMIT);
    cache.add(key(value), size, picture(value));
    cache.save();
    // Told apart by their times, which file systems round.
    for (const { parentPath, name } of files()) {
      const path = join(parentPath, name);
      const { mtimeMs } = statSync(path);
      utimesSync(path, mtimeMs / 1000 - 10, mtimeMs / 1000 - 10);
    }
  }
  expect(files()).toHaveLength(2);
  const last = new PixelCache(folder, LIMIT);
  expect(last.get(key(3), size)).toBeDefined();
  expect(last.get(key(1), size)).toBeUndefined();
  const tiny = new PixelCache(join(folder, "tiny"), 10);
  tiny.add(key(1), size, picture(1));
  tiny.save();
  expect(new PixelCache(join(folder, "tiny")).get(key(1), size)).toBeUndefined();
});

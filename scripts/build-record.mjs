/**
 * Builds a part of `dist/` only if what it is made from, or what was made, is not what it was after the last build.
 * Contents decide, not times: a checkout, a copied folder or a file changed by hand cannot deceive it.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** All files at or below a path. */
export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

/** Names and contents together: a file that is added, renamed or gone counts like one that is changed. */
const digestOf = (folder, files) =>
  sha256(
    files
      .map((file) => `${relative(folder, file)} ${sha256(readFileSync(file))}`)
      .sort()
      .join("\n"),
  );

/** `inputs` and `outputs` list files, asked again whenever they are read. `record` lies among the outputs' folders. */
export async function buildPart(record, { name, inputs, outputs, build }) {
  const folder = dirname(record);
  const read = () => (existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {});
  const write = (parts) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(record, `${JSON.stringify(parts, null, 2)}\n`);
  };
  const from = digestOf(folder, inputs());
  const { [name]: last, ...others } = read();
  if (last?.from === from && last.made === digestOf(folder, outputs())) return;
  // Forgotten first: a build that fails or is killed is begun again. What its sources no longer make must not stay.
  write(others);
  for (const file of outputs()) rmSync(file);
  await build();
  write({ ...others, [name]: { from, made: digestOf(folder, outputs()) } });
}

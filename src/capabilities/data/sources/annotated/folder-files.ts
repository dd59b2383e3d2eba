/** The files below a folder by path, and the pictures among them by what annotations call them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QuernError } from "../../../../foundation/base/errors.js";
import { resolveInside } from "../../../../foundation/base/path-resolver.js";
import { IMAGE_FILE } from "../../../../foundation/base/pictures/image-text.js";

const MAXIMUM_FILES = 5_000_000;
const MAXIMUM_DEPTH = 8;
/** A million annotations of COCO take some 400 MB. */
const MAXIMUM_TEXT_BYTES = 2 ** 30;

export class FolderFiles {
  readonly folder: string;
  /** Relative to the folder, with `/`, sorted; links are not followed. */
  readonly paths: readonly string[];
  readonly #known: ReadonlySet<string>;
  /** Paths of pictures by their last part; undefined where several share it. */
  readonly #byName = new Map<string, string | undefined>();

  constructor(folder: string) {
    this.folder = folder;
    const paths: string[] = [];
    collect(folder, "", 0, paths);
    this.paths = paths;
    this.#known = new Set(paths);
    for (const path of this.pictures) {
      const name = lastPart(path);
      this.#byName.set(name, this.#byName.has(name) ? undefined : path);
    }
  }

  get pictures(): readonly string[] {
    return this.paths.filter((path) => IMAGE_FILE.test(path));
  }

  has(path: string): boolean {
    return this.#known.has(path);
  }

  /**
   * The picture of a name, as annotations in a folder write it: beside them, from the top, in a folder of pictures, or
   * wherever the last part of the name occurs once.
   */
  findPicture(name: string, near: string): string | undefined {
    const plain = name.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
    const places = [near, "", "images", "JPEGImages"].map((folder) => joined(folder, plain));
    return places.find((path) => this.#known.has(path)) ?? this.#byName.get(lastPart(plain));
  }

  /** @throws QuernError PATH_REFUSED, DATA_TOO_LARGE */
  read(path: string): string {
    const bytes = readFileSync(resolveInside(this.folder, path));
    if (bytes.length <= MAXIMUM_TEXT_BYTES) return new TextDecoder().decode(bytes);
    throw new QuernError(
      "DATA_TOO_LARGE",
      `${path} has ${bytes.length} bytes, more than ${MAXIMUM_TEXT_BYTES}.`,
      {
        details: { file: path, bytes: bytes.length, limitBytes: MAXIMUM_TEXT_BYTES },
      },
    );
  }
}

export const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const folderPart = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
export const withoutEnding = (path: string): string => path.replace(/\.[^./]+$/, "");
/** `a/../b` and `./b` are `b`; what would leave the folder begins there. */
export function joined(...parts: readonly string[]): string {
  const steps: string[] = [];
  for (const step of parts.flatMap((part) => part.split("/"))) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return steps.join("/");
}

function collect(folder: string, prefix: string, depth: number, paths: string[]): void {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory() && depth < MAXIMUM_DEPTH) collect(folder, path, depth + 1, paths);
  }
  if (paths.length <= MAXIMUM_FILES) return;
  throw new QuernError("DATA_TOO_LARGE", `The folder ${folder} holds more than ${MAXIMUM_FILES} files.`, {
    details: { folder, limit: MAXIMUM_FILES },
  });
}

/** A folder of images, one folder for each class, as a table of paths and labels. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { IMAGE_FILE } from "../../../foundation/base/pictures/image-text.js";

/** Names of the columns that a folder of images has as a table. */
export const IMAGE_FOLDER_COLUMNS = { image: "image", label: "label", part: "part" } as const;

/** Folders that mean a part of a split, where every folder of the first level is one. */
const PARTS: Readonly<Record<string, string>> = {
  train: "train",
  training: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
  testing: "test",
};

const partNamed = (folder: string): string | undefined =>
  Object.hasOwn(PARTS, folder.toLowerCase()) ? PARTS[folder.toLowerCase()] : undefined;

const MAXIMUM_FILES = 5_000_000;
const MAXIMUM_DEPTH = 8;

export interface ListedImage {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** The folder it lies in, from which its class is told; "" for images beside the class folders. */
  readonly label: string;
  /** `train`, `validation` or `test` where the folders say so. */
  readonly part?: string;
}

/**
 * The images below a folder in the order of their paths, undefined where it holds none. The class is the path of the
 * folder (`cat`, `bird/owl`), behind `train`, `val` or `test` where these are the first level. Links are not followed.
 * @throws QuernError DATA_TOO_LARGE
 */
export function listImages(folder: string): ListedImage[] | undefined {
  const paths: string[] = [];
  collect(folder, "", 0, paths);
  if (paths.length === 0) return undefined;
  const tops = new Set(paths.map((path) => partNamed(path.split("/")[0]!)));
  const hasParts = tops.has("train") && tops.size > 1 && !tops.has(undefined);
  return paths.map((path) => {
    const [top, ...deeper] = path.split("/").slice(0, -1);
    if (!hasParts) return { path, label: [top, ...deeper].join("/") };
    // Where there is one part beside the training images, it is what the model is judged on.
    const part = tops.has("test") || partNamed(top!) === "train" ? partNamed(top!)! : "test";
    return { path, label: deeper.join("/"), part };
  });
}

function collect(folder: string, prefix: string, depth: number, paths: string[]): void {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true })
    .filter((entry) => !/^[._]/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isFile() && IMAGE_FILE.test(entry.name)) paths.push(path);
    else if (entry.isDirectory() && depth < MAXIMUM_DEPTH) collect(folder, path, depth + 1, paths);
  }
  if (paths.length <= MAXIMUM_FILES) return;
  throw new QuernError("DATA_TOO_LARGE", `The folder ${folder} holds more than ${MAXIMUM_FILES} images.`, {
    details: { folder, limit: MAXIMUM_FILES },
  });
}

/** Writes the listing as CSV in UTF-8: paths, labels where there are class folders, parts where there are any. */
export function writeListing(images: readonly ListedImage[], target: string): void {
  const { image, label, part } = IMAGE_FOLDER_COLUMNS;
  const hasLabels = images.some((listed) => listed.label !== "");
  const hasParts = images[0]!.part !== undefined;
  const header = [image, ...(hasLabels ? [label] : []), ...(hasParts ? [part] : [])].join(",");
  const lines = images.map((listed) =>
    [listed.path, ...(hasLabels ? [listed.label] : []), ...(hasParts ? [listed.part!] : [])]
      .map((text) => `"${text.replaceAll('"', '""')}"`)
      .join(","),
  );
  try {
    writeFileSync(target, `${header}\n${lines.join("\n")}\n`, { flag: "wx" });
  } catch (cause) {
    throw translateDiskError(cause, target);
  }
}

import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { QuernError } from "../../../foundation/base/errors.js";

/** Where a model lies, as hubs lay it out or as a single file. */
export interface ModelFiles {
  /** Of the configuration and the tokenizer. */
  readonly folder: string;
  /** A graph with its weights. */
  readonly onnx?: string;
  /** A file of weights, or a folder with one or with shards. */
  readonly weights?: string;
}

const GRAPHS = ["model.onnx", "onnx/model.onnx"];
const WEIGHTS = ["model.safetensors", "model.safetensors.index.json"];

/**
 * @param path an `.onnx` or `.safetensors` file, or a folder with `model.onnx`, `onnx/model.onnx` or `model.safetensors`
 * @throws QuernError DATA_NOT_FOUND
 */
export function findModel(path: string): ModelFiles {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile()) {
    const folder = dirname(path);
    if (path.endsWith(".onnx")) return { folder, onnx: path };
    if (path.endsWith(".safetensors")) return { folder, weights: path };
  }
  const inside = (names: readonly string[]) =>
    names.map((name) => join(path, name)).find((file) => existsSync(file));
  const [onnx, weights] = status?.isDirectory() ? [inside(GRAPHS), inside(WEIGHTS)] : [];
  if (onnx || weights)
    return { folder: path, ...(onnx ? { onnx } : {}), ...(weights ? { weights: path } : {}) };
  throw new QuernError("DATA_NOT_FOUND", `There is no pretrained model in ${path}.`, {
    hint: "Name an .onnx or .safetensors file, or a folder with model.onnx or model.safetensors.",
    details: { path },
  });
}

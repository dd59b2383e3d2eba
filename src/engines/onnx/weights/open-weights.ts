import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { QuernError } from "../../../foundation/base/errors.js";
import { resolveInside } from "../../../foundation/base/path-resolver.js";
import { openSafetensors, type Weights } from "./safetensors.js";
import { refuser } from "./safetensors-header.js";
import type { StoredTensor } from "./stored-tensor.js";

const [SINGLE, INDEX] = ["model.safetensors", "model.safetensors.index.json"];
const MAX_INDEX_BYTES = 100_000_000;

/**
 * Weights as model hubs lay them out.
 * @param path a `.safetensors` file, an index of shards (`….index.json`), or a folder with `model.safetensors` or
 *   `model.safetensors.index.json`. Shards are plain names beside the index, not links.
 * @throws QuernError DATA_NOT_FOUND, MODEL_REFUSED, PATH_REFUSED
 */
export function openWeights(path: string): Weights {
  const file = weightsFile(path);
  return file.endsWith(".json") ? openShards(file) : openSafetensors(file);
}

function weightsFile(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const found = [SINGLE, INDEX].map((name) => join(path, name)).find((file) => existsSync(file));
  if (found) return found;
  throw new QuernError("DATA_NOT_FOUND", `The folder ${path} holds neither ${SINGLE} nor ${INDEX}.`, {
    hint: "Name the folder of a model with safetensors weights.",
  });
}

function openShards(index: string): Weights {
  const shardOf = readIndex(index);
  const opened = new Map<string, Weights>();
  const close = () => {
    for (const shard of opened.values()) shard.close();
  };
  try {
    for (const [name, shard] of shardOf) {
      if (!opened.has(shard)) opened.set(shard, openSafetensors(resolveInside(dirname(index), shard)));
      if (!opened.get(shard)!.describe(name)) {
        throw refuser(index)(`${shard} does not hold the tensor ${JSON.stringify(name)}`);
      }
    }
  } catch (cause) {
    close();
    throw cause;
  }
  return {
    metadata: new Map(),
    names: [...shardOf.keys()].sort(),
    describe: (name) => opened.get(shardOf.get(name) ?? "")?.describe(name),
    read(name): StoredTensor {
      const shard = opened.get(shardOf.get(name) ?? "");
      if (!shard) throw refuser(index)(`it has no tensor ${JSON.stringify(name)}`);
      return shard.read(name);
    },
    close,
  };
}

/** Names of tensors and of the shards that hold them. */
function readIndex(path: string): Map<string, string> {
  const refuse = refuser(basename(path));
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new QuernError("DATA_NOT_FOUND", `There is no file ${path}.`);
  if (!status.isFile() || status.size > MAX_INDEX_BYTES) throw refuse("it is no index of shards");
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  const map = (parsed as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) throw refuse("it has no weight_map");
  return new Map(
    Object.entries(map).map(([name, shard]: [string, unknown]) => {
      if (typeof shard !== "string" || !shard.endsWith(".safetensors")) {
        throw refuse(`the shard of ${JSON.stringify(name.slice(0, 100))} is no safetensors file`);
      }
      return [name, shard];
    }),
  );
}

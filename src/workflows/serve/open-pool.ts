import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { verifyBundle } from "../../capabilities/bundles/index.js";
import { createHostTransforms } from "../../capabilities/features/host/index.js";
import { createHanSegmenter } from "../../capabilities/features/jieba.js";
import { createModelPool, type ServingOptions, Traffic } from "../../capabilities/serving/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type {
  CanaryPeers,
  ModelPool,
  ServingObserver,
  TrafficRouter,
} from "../../foundation/contracts/serving.js";
import type { Store } from "../../foundation/contracts/store.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { openFolder, storeFolder } from "../locate-store.js";
import { isBundlePath } from "../use/bundle-path.js";
import { createExplanationThread } from "../use/explanation-thread.js";
import { type FollowedRegistry, followRegistry } from "./follow-registry.js";

export interface ServedModels {
  readonly pool: ModelPool;
  readonly traffic: TrafficRouter;
  /** For the routes that describe runs and models; absent where there is no store. */
  readonly store?: Store;
  /** What the registry says is served, kept current until `close`. */
  readonly registry?: FollowedRegistry;
  /** How another process opens a served version: `name@3`, or the path of its bundle. */
  referenceOf(model: { readonly name: string; readonly version: number }): string;
  close(): Promise<void>;
}

export interface OpenModelsOptions extends WorkflowOptions, Pick<ServingOptions, "cacheBytes"> {
  /** Other processes that answer for the same names; default: this one is alone. */
  readonly peers?: CanaryPeers | undefined;
}

/**
 * Opens models for serving: those named, or the current version of every registered name. Each is verified,
 * warmed up and has answered its own sample before it counts.
 * @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED
 */
export async function openModels(
  references: readonly string[],
  observer: ServingObserver,
  options: OpenModelsOptions = {},
): Promise<ServedModels> {
  const context = workflowContext(options);
  const folder = storeFolder(options);
  const pool = createModelPool({
    clock: context.clock,
    hostTransforms: createHostTransforms({ segmentHan: createHanSegmenter() }),
    decodeImage: createImageDecoder(),
    observer,
    createExplainer: createExplanationThread,
    ...(options.cacheBytes ? { cacheBytes: options.cacheBytes } : {}),
  });
  const store = existsSync(folder) ? await openFolder(folder, context) : undefined;
  const traffic = new Traffic(pool, context.clock);
  let registry: FollowedRegistry | undefined;
  const paths = new Map<string, string>();
  const referenceOf: ServedModels["referenceOf"] = ({ name, version }) =>
    paths.get(`${name}@${version}`) ?? `${name}@${version}`;
  const close = async (): Promise<void> => {
    await registry?.stop();
    // Inference threads keep a process alive; a server that has drained them already loses nothing by this.
    await pool.drain(0);
    await store?.close();
  };
  try {
    const wanted = references.length > 0 ? references : await registeredNames(store);
    const isPath = (reference: string) => isBundlePath(reference, context.folder);
    for (const named of wanted.filter(isPath)) {
      const path = resolve(context.folder, named);
      const { manifest } = await pool.add(verifyBundle(path));
      paths.set(`${manifest.name}@${manifest.version}`, path);
    }
    if (store)
      registry = await followRegistry(
        store,
        pool,
        wanted.filter((reference) => !isPath(reference)),
        { logger: context.logger, traffic, ...(options.peers ? { peers: options.peers } : {}) },
      );
    else
      checkNoNames(
        wanted.filter((reference) => !isPath(reference)),
        folder,
      );
    return {
      pool,
      traffic,
      referenceOf,
      close,
      ...(store ? { store } : {}),
      ...(registry ? { registry } : {}),
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

function checkNoNames(names: readonly string[], folder: string): void {
  if (names.length === 0) return;
  throw new QuernError(
    "STORE_NOT_FOUND",
    `There is no store at ${folder} to look up ${names.join(", ")} in.`,
    {
      details: { folder },
    },
  );
}

const MOST_MODELS = 100;

async function registeredNames(store: Store | undefined): Promise<string[]> {
  const page = await store?.models.list({ limit: 1000 });
  const names = [...new Set(page?.items.map((model) => model.name))];
  if (names.length === 0)
    throw new QuernError("MODEL_NOT_FOUND", "There is no registered model to serve.", {
      hint: "Train one first: `quern train data.csv --target COLUMN`.",
    });
  if (names.length <= MOST_MODELS) return names;
  throw new QuernError("USAGE", `There are ${names.length} models, more than one server should hold.`, {
    hint: "Name the ones to serve: `quern serve NAME NAME`.",
  });
}

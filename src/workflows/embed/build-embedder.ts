/** A model whose answer is a vector: from a pretrained network, or from a trained one without its last layer. */
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BundleParts, verifyBundle, writeBundle } from "../../capabilities/bundles/index.js";
import { createTransforms, givenSubwords, subwords } from "../../capabilities/features/index.js";
import {
  beforeLastLayer,
  pictureVectors,
  readPooling,
  textVectors,
  unitVectors,
} from "../../capabilities/trainers/neural/embeddings.js";
import {
  readEncoder,
  readTokenizer,
} from "../../capabilities/trainers/neural/text/pretrained/read-encoder.js";
import {
  preferredSide,
  readBackbone,
} from "../../capabilities/trainers/neural/vision/pretrained/read-backbone.js";
import { createGraph, findModel } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { unpack } from "../../foundation/base/packing.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { BUNDLE_FILES } from "../../foundation/contracts/bundle.js";
import type { HostStep } from "../../foundation/contracts/host-steps.js";
import { declareInputs, OUTPUT_TENSORS, planGraphInputs } from "../../foundation/contracts/model-graph.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { CACHE_FOLDER } from "../fitting/fit-step.js";
import { storeFolder, withStore } from "../locate-store.js";
import { contentOf, locatePretrained } from "../project/pretrained.js";
import { locateModel } from "../use/open-model.js";
import { type PairsRequest, type TuningReport, type TuningSource, tuneOnPairs } from "./tune-on-pairs.js";

export interface BuildEmbedderRequest {
  /** A pretrained model as `text-encoder` or `image-encoder` take it, or a trained model by name or path. */
  readonly source: string;
  /** Of the model that is registered. */
  readonly name: string;
  /** Of the rows that will be embedded; default `text` or `image`, a trained model keeps its own. */
  readonly column?: string | undefined;
  /** Pieces read of a text; default as the model's files say, at most 256. */
  readonly length?: number | undefined;
  /** Side of the square to which pictures are read; default as the model's files say. */
  readonly imageSize?: number | undefined;
  readonly allowHost?: readonly string[];
  /** Pairs of texts that the encoder is tuned on first; pretrained text encoders only. */
  readonly pairs?: PairsRequest | undefined;
}

export interface BuildEmbedderResult {
  readonly model: string;
  readonly version: number;
  /** Values of a vector. */
  readonly width: number;
  /** What rows bring. */
  readonly inputs: readonly string[];
  readonly bundle: string;
  /** Where it was tuned on pairs. */
  readonly tuning?: TuningReport;
}

type EmbedderParts = Omit<BundleParts, "name" | "version" | "task" | "target" | "lineage" | "metrics"> & {
  readonly outputs: { readonly kind: "vector"; readonly width: number };
};
interface Embedder {
  readonly parts: EmbedderParts;
  /** Removes what a repeated tuning would go on from, once the model is registered. */
  readonly forget?: () => Promise<void>;
  readonly tuning?: TuningReport;
}

/** Registers the model. @throws QuernError what reading the source throws; UNSUPPORTED where it has no vectors to give */
export function buildEmbedder(
  request: BuildEmbedderRequest,
  options: WorkflowOptions = {},
): Promise<BuildEmbedderResult> {
  const context = workflowContext(options);
  return withStore(
    storeFolder(options),
    context,
    async (store) => {
      const { parts, tuning, forget } = await embedderOf(request, context, options);
      const version = await store.models.reserveVersion(request.name);
      const folder = makePrivateFolder(tmpdir(), "embedder");
      try {
        const written = await writeBundle(
          join(folder, "bundle"),
          {
            ...{ name: request.name, version, task: "embedding", target: OUTPUT_TENSORS.vector },
            ...{ ...parts, lineage: { source: request.source }, metrics: metricsOf(tuning) },
          },
          createTransforms(),
        );
        await store.models.register({
          ...{ name: request.name, version, task: "embedding", folder: written.path },
          document: { source: request.source, ...(tuning ? { tuning } : {}) },
        });
        await forget?.();
        return {
          ...{ model: request.name, version, width: parts.outputs.width },
          inputs: parts.inputs.map(({ column }) => column.name),
          bundle: await store.models.folder(`${request.name}@${version}`),
          ...(tuning ? { tuning } : {}),
        };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    true,
  );
}

const metricsOf = (tuning: TuningReport | undefined): BundleParts["metrics"] =>
  tuning ? { test: { ...tuning.after, rows: tuning.rows.test }, untuned: { ...tuning.before } } : {};

async function embedderOf(
  request: BuildEmbedderRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<Embedder> {
  const path = await pretrainedPath(request, context, options);
  if (path !== undefined && hasTokenizer(path)) return textEmbedder(path, request, context, options);
  if (request.pairs) {
    throw new QuernError("UNSUPPORTED", "Only pretrained text encoders are tuned on pairs.", {
      hint: "Name a folder with tokenizer.json and weights, or `hf:organisation/name@revision`.",
      details: { source: request.source },
    });
  }
  return {
    parts: path === undefined ? await trainedParts(request, context, options) : imageParts(path, request),
  };
}

/** Undefined where the source names a trained model, by its name or its bundle. */
async function pretrainedPath(
  { source, allowHost = [] }: BuildEmbedderRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<string | undefined> {
  const path = await locatePretrained(source, {
    base: context.folder,
    cache: join(storeFolder(options), CACHE_FOLDER),
    allowedHosts: allowHost,
    signal: context.signal,
  });
  return existsSync(path) && !path.endsWith(".quern") && !existsSync(join(path, BUNDLE_FILES.manifest))
    ? path
    : undefined;
}

const hasTokenizer = (path: string): boolean => existsSync(join(findModel(path).folder, "tokenizer.json"));

// ---- texts -----------------------------------------------------------------------------------------------------

const USUAL_LENGTH = 256;
const PIECES = "pieces";

async function textEmbedder(
  path: string,
  { column = "text", length: wanted, pairs, allowHost = [] }: BuildEmbedderRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<Embedder> {
  const { folder } = findModel(path);
  const encoder = readEncoder(path);
  const { positions, positionOffset } = encoder.architecture;
  const { pooling, length: said } = readPooling(folder);
  const length = Math.min(wanted ?? said ?? USUAL_LENGTH, positions - positionOffset);
  const source = { encoder, pooling, length, tokenizer: readTokenizer(folder) };
  if (!pairs) return { parts: textParts(source, column) };
  const content = await contentOf(path);
  const store = storeFolder(options);
  const tuned = await tuneOnPairs({ ...source, content }, pairs, store, context, allowHost);
  const parts = textParts({ ...source, encoder: tuned.encoder }, column);
  return { parts, tuning: tuned.report, forget: tuned.forget };
}

function textParts(
  { encoder, pooling, length, tokenizer }: Omit<TuningSource, "content">,
  column: string,
): EmbedderParts {
  const { width } = encoder.architecture;
  const graph = createGraph({ name: "embedding", producerVersion: QUERN_VERSION });
  const made = `${column} ${PIECES}`;
  const graphInputs = planGraphInputs([{ name: made, kind: "tokens", width: length }]);
  const [tokens] = declareInputs(graph, graphInputs);
  graph.output(
    OUTPUT_TENSORS.vector,
    unitVectors(graph, textVectors(graph, tokens!.value, encoder, pooling)),
  );
  return {
    model: graph.toBytes(),
    inputs: [
      { column: { name: column, kind: "text", reason: "The text that is embedded." }, optional: false },
    ],
    graphInputs,
    hostTransforms: [tokenizing(tokenizer, column, made, length)],
    outputs: { kind: "vector", width },
  };
}

function tokenizing(tokenizer: string, column: string, made: string, length: number): HostStep {
  const { id, version } = subwords;
  return { id, version, inputs: [column], outputs: [made], state: givenSubwords(tokenizer, length) };
}

// ---- pictures --------------------------------------------------------------------------------------------------

function imageParts(path: string, { column = "image", imageSize }: BuildEmbedderRequest): EmbedderParts {
  const side = imageSize ?? preferredSide(path);
  const backbone = readBackbone(path, { height: side, width: side });
  const graph = createGraph({ name: "embedding", producerVersion: QUERN_VERSION });
  const image = { height: side, channels: 3 };
  const graphInputs = planGraphInputs([{ name: column, kind: "image", width: side, image }]);
  const [pictures] = declareInputs(graph, graphInputs);
  graph.output(OUTPUT_TENSORS.vector, unitVectors(graph, pictureVectors(graph, pictures!.value, backbone)));
  const format = { height: side, width: side, channels: 3 as const };
  const reason = "The picture that is embedded.";
  return {
    model: graph.toBytes(),
    inputs: [{ column: { name: column, kind: "image", reason, format }, optional: false, required: true }],
    graphInputs,
    outputs: { kind: "vector", width: backbone.architecture.width },
  };
}

// ---- trained models --------------------------------------------------------------------------------------------

async function trainedParts(
  { source }: BuildEmbedderRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<EmbedderParts> {
  const { path } = await locateModel(source, context, options);
  const { manifest, files } = verifyBundle(resolve(path));
  const scores =
    manifest.outputs.kind === "classes" ? OUTPUT_TENSORS.probabilities : OUTPUT_TENSORS.prediction;
  const { model, width } = beforeLastLayer(files.get(BUNDLE_FILES.model)!, scores, source);
  return {
    model,
    ...(manifest.id === undefined ? {} : { id: manifest.id }),
    inputs: manifest.inputs,
    graphInputs: manifest.graphInputs,
    hostTransforms: manifest.hostTransforms.map((step) => ({
      ...step,
      state: unpack(files.get(step.state)!),
    })),
    outputs: { kind: "vector", width },
  };
}

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
import { unpack } from "../../foundation/base/packing.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { BUNDLE_FILES } from "../../foundation/contracts/bundle.js";
import type { HostStep } from "../../foundation/contracts/host-steps.js";
import { declareInputs, OUTPUT_TENSORS, planGraphInputs } from "../../foundation/contracts/model-graph.js";
import { type WorkflowContext, type WorkflowOptions, workflowContext } from "../context.js";
import { CACHE_FOLDER } from "../fitting/fit-step.js";
import { storeFolder, withStore } from "../locate-store.js";
import { locatePretrained } from "../project/pretrained.js";
import { locateModel } from "../use/open-model.js";

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
}

export interface BuildEmbedderResult {
  readonly model: string;
  readonly version: number;
  /** Values of a vector. */
  readonly width: number;
  /** What rows bring. */
  readonly inputs: readonly string[];
  readonly bundle: string;
}

type EmbedderParts = Omit<BundleParts, "name" | "version" | "task" | "target" | "lineage" | "metrics"> & {
  readonly outputs: { readonly kind: "vector"; readonly width: number };
};

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
      const parts = await partsOf(request, context, options);
      const version = await store.models.reserveVersion(request.name);
      const folder = makePrivateFolder(tmpdir(), "embedder");
      try {
        const written = await writeBundle(
          join(folder, "bundle"),
          {
            ...{ name: request.name, version, task: "embedding", target: OUTPUT_TENSORS.vector },
            ...{ ...parts, lineage: { source: request.source }, metrics: {} },
          },
          createTransforms(),
        );
        await store.models.register({
          ...{ name: request.name, version, task: "embedding", folder: written.path },
          document: { source: request.source },
        });
        return {
          ...{ model: request.name, version, width: parts.outputs.width },
          inputs: parts.inputs.map(({ column }) => column.name),
          bundle: await store.models.folder(`${request.name}@${version}`),
        };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    true,
  );
}

async function partsOf(
  request: BuildEmbedderRequest,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<EmbedderParts> {
  const path = await pretrainedPath(request, context, options);
  if (path === undefined) return trainedParts(request, context, options);
  return hasTokenizer(path) ? textParts(path, request) : imageParts(path, request);
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

function textParts(path: string, { column = "text", length: wanted }: BuildEmbedderRequest): EmbedderParts {
  const { folder } = findModel(path);
  const encoder = readEncoder(path);
  const { positions, positionOffset, width } = encoder.architecture;
  const said = readPooling(folder);
  const length = Math.min(wanted ?? said.length ?? USUAL_LENGTH, positions - positionOffset);
  const graph = createGraph({ name: "embedding", producerVersion: QUERN_VERSION });
  const made = `${column} ${PIECES}`;
  const graphInputs = planGraphInputs([{ name: made, kind: "tokens", width: length }]);
  const [tokens] = declareInputs(graph, graphInputs);
  graph.output(
    OUTPUT_TENSORS.vector,
    unitVectors(graph, textVectors(graph, tokens!.value, encoder, said.pooling)),
  );
  return {
    model: graph.toBytes(),
    inputs: [
      { column: { name: column, kind: "text", reason: "The text that is embedded." }, optional: false },
    ],
    graphInputs,
    hostTransforms: [tokenizing(readTokenizer(folder), column, made, length)],
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
    inputs: [{ column: { name: column, kind: "image", reason, format }, optional: false }],
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

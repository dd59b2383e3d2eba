import { type FeatureGraph, type LoadedBundle, openFeatureGraph } from "../../capabilities/bundles/index.js";
import {
  createLinearExplainer,
  createModelExplainer,
  createSurrogateExplainer,
  createTreeExplainer,
  type PredictFrame,
  type RowExplainer,
} from "../../capabilities/explanations/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Random } from "../../foundation/base/random.js";
import {
  backgroundFrame,
  EXPLAINER_FILES,
  type ExplainerAsset,
  parseExplainerAsset,
  type Surrogate,
} from "../../foundation/contracts/explainer-asset.js";
import type { ExplanationMethod } from "../../foundation/contracts/explanation.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { HostTransforms } from "../../foundation/contracts/host-steps.js";
import { decodeColumn, encodeFrame } from "../../foundation/contracts/row-encoding.js";

export interface ExplainerOptions {
  readonly hostTransforms: HostTransforms;
  /** `auto`: trees and linear models by their structure, others by what imitates them, and where nothing does by permutation. */
  readonly method: "auto" | ExplanationMethod;
  /** Coalitions asked of the model for each row, where it is asked. */
  readonly coalitions: number;
  readonly random: Random;
  /** Stands for the data where the bundle keeps no rows. */
  readonly fallback?: Frame;
  /** Rows of the background that the methods that ask the model use; each costs a prediction a coalition. */
  readonly backgroundRows: number;
}

export interface OpenExplainer extends RowExplainer {
  readonly background: Frame | undefined;
  close(): Promise<void>;
}

/** The model of a bundle on raw columns. */
export function predictionsOf(bundle: LoadedBundle): PredictFrame {
  const { outputs } = bundle.manifest;
  return {
    outputs: outputs.kind === "classes" ? outputs.classes.length : 1,
    predict: async (rows) => (await bundle.predictFrame(rows)).values,
  };
}

/** Every input of the model as a column, those left out as missing, so that columns can be exchanged between rows. */
export function completeRows(bundle: LoadedBundle, rows: Frame): Frame {
  const { inputs } = bundle.manifest;
  const encoded = encodeFrame(inputs, rows);
  return createFrame(
    inputs.map(({ column }) => [column.name, decodeColumn(column.kind, encoded.get(column.name)!)] as const),
    rows.rows,
  );
}

export function readExplainerAsset(bundle: LoadedBundle): ExplainerAsset | undefined {
  const bytes = bundle.assets.get(EXPLAINER_FILES.asset);
  return bytes ? parseExplainerAsset(bytes) : undefined;
}

/**
 * What can explain the rows of a bundle: its own structure where that is kept, otherwise the model asked about rows in
 * which columns are replaced by those of background rows.
 * @throws QuernError UNSUPPORTED when the wanted method does not fit the model, or nothing can stand for the data
 */
export async function openExplainer(bundle: LoadedBundle, options: ExplainerOptions): Promise<OpenExplainer> {
  const asset = readExplainerAsset(bundle);
  const kept = asset ? backgroundFrame(asset) : undefined;
  const background = kept ? completeRows(bundle, kept) : options.fallback;
  const { method } = options;
  if (method !== "kernel" && method !== "permutation") {
    const exact = asset?.exact ? await openExact(bundle, asset.exact, background, options) : undefined;
    if (exact) return exact;
    const surrogate = method === "auto" || method === "surrogate" ? asset?.surrogate : undefined;
    if (surrogate && background) return openSurrogate(bundle, surrogate, background);
    if (method !== "auto") throw wrongMethod(bundle, method, asset);
  }
  if (bundle.manifest.inputs.every(({ column }) => column.kind === "image")) throw nothingToTellApart(bundle);
  if (!background) {
    throw new QuernError(
      "UNSUPPORTED",
      `The bundle of ${bundle.manifest.name} keeps no training rows, so nothing stands for the data when a column is left out.`,
      { hint: "Give a file with more rows, or train with `explanation.backgroundRows` above 0." },
    );
  }
  const explainer = createModelExplainer({
    model: predictionsOf(bundle),
    space: spaceOf(bundle),
    background: firstRows(background, options.backgroundRows),
    budget: {
      method: method === "kernel" ? "kernel" : "permutation",
      coalitions: options.coalitions,
      random: options.random,
    },
  });
  return { ...explainer, background, close: () => Promise.resolve() };
}

async function openSurrogate(
  bundle: LoadedBundle,
  surrogate: Surrogate,
  background: Frame,
): Promise<OpenExplainer> {
  const model = predictionsOf(bundle);
  const space = spaceOf(bundle);
  const explainer = await createSurrogateExplainer({ surrogate, model, space, background });
  return { ...explainer, background, close: () => Promise.resolve() };
}

const spaceOf = ({ manifest }: LoadedBundle) =>
  manifest.outputs.kind === "classes" ? ("probability" as const) : ("value" as const);

async function openExact(
  bundle: LoadedBundle,
  { anatomy, features }: NonNullable<ExplainerAsset["exact"]>,
  background: Frame | undefined,
  { method, hostTransforms, coalitions, random }: ExplainerOptions,
): Promise<OpenExplainer | undefined> {
  const fits = method === "auto" || method === (anatomy.kind === "trees" ? "tree" : "linear");
  if (!fits || (anatomy.kind === "linear" && !background)) return undefined;
  const { manifest, assets } = bundle;
  const graph: FeatureGraph = await openFeatureGraph({
    manifest,
    assets,
    hostTransforms,
    width: features.length,
  });
  const read = (rows: Frame): Promise<Float32Array> => graph.matrix(rows);
  try {
    const explainer =
      anatomy.kind === "trees"
        ? await createTreeExplainer({ trees: anatomy.trees, space: anatomy.space, features, read })
        : await createLinearExplainer({
            anatomy,
            features,
            read,
            background: background!,
            budget: { method: "permutation", coalitions, random },
          });
    return { ...explainer, background, close: () => graph.close() };
  } catch (failure) {
    await graph.close();
    throw failure;
  }
}

function firstRows(frame: Frame, count: number): Frame {
  return frame.rows <= count
    ? frame
    : takeRows(
        frame,
        Int32Array.from({ length: count }, (_, row) => row),
      );
}

function wrongMethod(bundle: LoadedBundle, method: string, asset: ExplainerAsset | undefined): QuernError {
  const { name, version } = bundle.manifest;
  const kind = asset?.exact?.anatomy.kind;
  const own =
    kind === "trees"
      ? "made of trees"
      : kind === "linear"
        ? "linear"
        : method === "surrogate"
          ? "kept without a surrogate"
          : "neither trees nor linear";
  return new QuernError(
    "UNSUPPORTED",
    `${name}@${version} is ${own}, so the method ${method} does not apply.`,
    {
      hint: "Use `--method auto`, `permutation` or `kernel`.",
    },
  );
}

function nothingToTellApart({ manifest: { name, version } }: LoadedBundle): QuernError {
  return new QuernError(
    "UNSUPPORTED",
    `${name}@${version} sees nothing but images, and what a column contributed says nothing of an image.`,
    { hint: "The training report shows the images it was most wrong about." },
  );
}

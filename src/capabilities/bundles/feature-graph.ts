import { openSession } from "../../engines/onnx/index.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { invalidBundle } from "../../foundation/contracts/bundle-check.js";
import { EXPLAINER_FILES, FEATURES_TENSOR } from "../../foundation/contracts/explainer-asset.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { bindHostSteps, type HostTransforms, runHostSteps } from "../../foundation/contracts/host-steps.js";
import { encodeFrame } from "../../foundation/contracts/row-encoding.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { hostStatesOf } from "./load-bundle.js";

/** The part of a bundle's model that makes features of raw columns. */
export interface FeatureGraph {
  /** float32 [rows][features], row-major. @throws QuernError PREDICTION_INPUT */
  matrix(rows: Frame): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface FeatureGraphOptions {
  readonly manifest: Manifest;
  readonly assets: ReadonlyMap<string, Uint8Array>;
  readonly hostTransforms: HostTransforms;
  /** Features the graph must make. */
  readonly width: number;
  readonly threads?: number;
}

/** @throws QuernError BUNDLE_INVALID, MODEL_REFUSED */
export async function openFeatureGraph(options: FeatureGraphOptions): Promise<FeatureGraph> {
  const { manifest, assets, hostTransforms, width } = options;
  const bytes = assets.get(EXPLAINER_FILES.features);
  if (!bytes) throw invalidBundle(`${EXPLAINER_FILES.features} is missing`);
  const states = hostStatesOf(manifest, assets);
  const steps = bindHostSteps(
    manifest.hostTransforms.map((step, index) => ({ ...step, state: states[index] })),
    hostTransforms,
  );
  const kinds = new Map(manifest.inputs.map(({ column }) => [column.name, column.kind]));
  const session = await openSession(bytes, { threads: options.threads ?? 1 });
  const known = new Map(manifest.graphInputs.map((input) => [input.tensor, input]));
  const strange = session.inputs.find(({ name, type }) => known.get(name)?.type !== type);
  if (strange || !session.outputs.some(({ name, type }) => name === FEATURES_TENSOR && type === "float32")) {
    await session.close();
    throw invalidBundle(`${EXPLAINER_FILES.features} does not fit the model's inputs`);
  }
  const part = async (rows: Frame): Promise<Float32Array> => {
    const columns = runHostSteps(steps, encodeFrame(manifest.inputs, rows), kinds);
    const feeds: Record<string, Tensor> = Object.create(null);
    for (const { name } of session.inputs) feeds[name] = columns.get(known.get(name)!.column)!;
    const { data } = (await session.run(feeds, [FEATURES_TENSOR]))[FEATURES_TENSOR]!;
    if (data.length === rows.rows * width) return data as Float32Array;
    throw invalidBundle(`${EXPLAINER_FILES.features} makes another number of features than ${width}`);
  };
  return {
    close: () => session.close(),
    async matrix(rows) {
      const { comfortableRows } = session;
      if (rows.rows <= comfortableRows) return rows.rows === 0 ? new Float32Array(0) : part(rows);
      const matrix = new Float32Array(rows.rows * width);
      for (let start = 0; start < rows.rows; start += comfortableRows) {
        const length = Math.min(comfortableRows, rows.rows - start);
        const taken = takeRows(
          rows,
          Int32Array.from({ length }, (_, k) => start + k),
        );
        matrix.set(await part(taken), start * width);
      }
      return matrix;
    },
  };
}

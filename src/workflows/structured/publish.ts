/** A fitted structure as a bundle that has answered held-out rows as the trained model does. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describeInputs, loadBundle, writeBundle } from "../../capabilities/bundles/index.js";
import { emitPipeline, graphInputs, hostSteps, rawColumns } from "../../capabilities/features/index.js";
import { createImageDecoder } from "../../capabilities/vision/index.js";
import { createGraph } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { hashValue } from "../../foundation/base/hash.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import { selectColumns, takeRows } from "../../foundation/contracts/frame.js";
import { declareInputs, declareStructure, planGraphInputs } from "../../foundation/contracts/model-graph.js";
import {
  compareTensors,
  type OutputComparison,
  PARITY_LIMIT,
} from "../../foundation/contracts/prediction.js";
import { trainingPart } from "../../foundation/contracts/project.js";
import { metricLineage } from "../project/metrics.js";
import { LATENCY_GOAL } from "../train/goals.js";
import { measureLatency } from "../train/latency.js";
import { type ExportedModel, folderBytes } from "../train/publish.js";
import { figuresOf } from "../train/register.js";
import type { OpenStructure } from "./fit.js";
import type { JudgedStructure } from "./judged.js";
import type { StructureProduction } from "./production.js";

/** More held-out rows would say the same. */
const PARITY_ROWS = 500;

/**
 * Writes the bundle and lets it re-score held-out rows.
 * @throws QuernError PARITY_FAILED; the folder is removed
 */
export async function exportStructure(
  production: StructureProduction,
  judged: JudgedStructure,
  version: number,
  folder: string,
): Promise<ExportedModel> {
  const { transforms, prepared, division, project } = production;
  const { opened } = judged;
  const { model } = opened;
  const read = rawColumns(model.pipeline).map(({ label }) => label);
  const columns = prepared.schema.filter(({ name }) => read.includes(name));
  const graph = createGraph({ name: judged.name, producerVersion: QUERN_VERSION });
  const inputs = planGraphInputs(graphInputs(model.pipeline));
  const features = emitPipeline(graph, declareInputs(graph, inputs), model.pipeline, transforms);
  declareStructure(graph, model.outputs, opened.fitted.emit(graph, features));
  const id = prepared.roles.id ?? prepared.schema.find(({ kind }) => kind === "id")?.name;
  const { evaluation } = judged;
  const written = await writeBundle(
    join(folder, "bundle"),
    {
      name: judged.name,
      version,
      task: prepared.definition.task,
      target: prepared.column,
      ...(id === undefined ? {} : { id }),
      model: graph.toBytes(),
      inputs: describeInputs(columns, takeRows(selectColumns(prepared.inputs, read), division.whole.train)),
      graphInputs: inputs,
      hostTransforms: hostSteps(model.pipeline),
      outputs: model.outputs,
      // Content only: a run's id would make equal trainings write different bytes.
      lineage: {
        dataset: judged.dataset.id,
        split: judged.splitId,
        config: hashValue(trainingPart(project)),
        fit: judged.best.hash,
        ...metricLineage(evaluation.metric, project),
      },
      metrics: { [evaluation.split]: { ...figuresOf(evaluation), rows: evaluation.rows } },
      language: project.report.language,
    },
    transforms,
  );
  const bundle = await loadBundle(written.path, {
    hostTransforms: transforms,
    decodeImage: createImageDecoder(),
  });
  try {
    const rows = takeRows(prepared.inputs, division.whole.test.subarray(0, PARITY_ROWS));
    const parity = await checkParity(opened, model.trainer, rows, (frame) => bundle.computeFrame(frame));
    const { requests } = bundle.sample;
    const isTimed = LATENCY_GOAL in project.task.goals;
    return {
      path: written.path,
      id: written.id,
      parity,
      example: requests[0] ?? {},
      bytes: folderBytes(written.path),
      ...(isTimed ? { latencyP99Ms: await measureLatency(bundle, requests) } : {}),
    };
  } catch (failure) {
    rmSync(written.path, { recursive: true, force: true });
    throw failure;
  } finally {
    await bundle.close();
  }
}

async function checkParity(
  opened: OpenStructure,
  trainer: string,
  rows: Parameters<OpenStructure["compute"]>[0],
  answer: (frame: typeof rows) => Promise<ReturnType<OpenStructure["compute"]>>,
): Promise<OutputComparison> {
  const comparison = compareTensors(await answer(rows), opened.compute(rows));
  if (comparison.maxAbsDiff <= PARITY_LIMIT) return comparison;
  throw new QuernError(
    "PARITY_FAILED",
    `The exported ${trainer} differs from the trained one by ${comparison.maxAbsDiff.toPrecision(3)} in held-out row ${comparison.worstRow} (limit ${PARITY_LIMIT}).`,
    { details: { ...comparison, trainer } },
  );
}

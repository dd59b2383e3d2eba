import type { FittedPipeline } from "../src/capabilities/features/index.js";
import { graphInputs, hostSteps, rawColumns } from "../src/capabilities/features/index.js";
import { columnOf, type Frame } from "../src/foundation/contracts/frame.js";
import { bindHostSteps, type HostTransforms, runHostSteps } from "../src/foundation/contracts/host-steps.js";
import { planGraphInputs } from "../src/foundation/contracts/model-graph.js";
import { encodeFrameColumn } from "../src/foundation/contracts/row-encoding.js";
import type { Tensor } from "../src/foundation/contracts/tensor.js";

/** The tensors of a frame as a bundle feeds them to its graph, by tensor name: host steps included. */
export function pipelineFeeds(
  fitted: FittedPipeline,
  frame: Frame,
  hostTransforms: HostTransforms,
): Record<string, Tensor> {
  const raw = rawColumns(fitted);
  const columns = runHostSteps(
    bindHostSteps(hostSteps(fitted), hostTransforms),
    new Map(
      raw.map(({ label: name, kind, precision }) => [
        name,
        encodeFrameColumn({ name, kind, precision }, columnOf(frame, name)),
      ]),
    ),
    new Map(raw.map(({ label, kind }) => [label, kind])),
  );
  const feeds = planGraphInputs(graphInputs(fitted)).map(
    ({ tensor, column }) => [tensor, columns.get(column)!] as const,
  );
  return Object.fromEntries(feeds);
}

/** Detectors from elsewhere as graphs whose answers are boxes: what YOLO exports lack is appended. */
import {
  appendModel,
  createGraph,
  Expressions,
  inputPorts,
  type OnnxGraph,
  type SourceModel,
} from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { selectBoxes } from "../../foundation/contracts/box-graph.js";
import { cast } from "../../foundation/contracts/graph.js";
import { type DetectorLayout, readDetections } from "./detector-layouts.js";

export interface ImportedDetectorOptions {
  /** Names of the classes by number; default: those that the file's metadata hold. */
  readonly labels?: readonly string[];
  /** Sides of the pictures, where the file leaves them open. */
  readonly size?: { readonly height: number; readonly width: number };
  /** Less sure boxes are left out. */
  readonly leastScore?: number;
  /** Of two boxes of a class that overlap by more, the surer one is kept. */
  readonly overlap?: number;
  /** Boxes answered for a picture. */
  readonly limit?: number;
}

export interface ImportedDetector {
  readonly graph: OnnxGraph;
  readonly labels: readonly string[];
  readonly layout: DetectorLayout;
  readonly height: number;
  readonly width: number;
}

/** As the model's own validation: those who are asked choose what is worth showing, and average precision wants all. */
const DEFAULTS = { leastScore: 0.01, overlap: 0.7, limit: 300 } as const;
/** Chosen boxes are not chosen again. */
const NOTHING_DROPPED = 1;
const USUAL_SIZE = { height: 640, width: 640 };

/**
 * Reads pictures as columns hold them, uint8 [N, H, W, 3] under the name `image`, and answers the tensors of `boxes`. The model takes
 * one picture, float32 [N, 3, H, W] in 0..1; its outputs are those of `detector-layouts`, in pixels.
 * @throws QuernError UNSUPPORTED for other inputs and outputs, which it names; MODEL_REFUSED for a broken model
 */
export function importDetector(source: SourceModel, options: ImportedDetectorOptions = {}): ImportedDetector {
  const { leastScore, limit } = { ...DEFAULTS, ...options };
  const port = pictureInput(source);
  const open = options.size ?? sizeIn(source) ?? USUAL_SIZE;
  const [height, width] = ([open.height, open.width] as const).map((side, k) => {
    const fixed = port.shape[2 + k]!;
    return typeof fixed === "number" ? fixed : side;
  }) as [number, number];
  const graph = createGraph({ name: "detector" });
  const x = new Expressions(graph);
  const pictures = graph.input("image", "uint8", ["N", height, width, 3]);
  const planes = x.mul(cast(graph, x.transpose(pictures, [0, 3, 1, 2]), "float32"), 1 / 255);
  const outputs = appendModel(graph, source, { [port.name]: planes });
  const labels = options.labels ?? labelsIn(source);
  const { layout, candidates, count, classes } = readDetections(x, outputs, labels, { height, width });
  const overlap = options.overlap ?? (layout === "selected" ? NOTHING_DROPPED : DEFAULTS.overlap);
  const selection = { classCount: classes, candidates: count, overlap, leastScore, limit };
  for (const [name, value] of Object.entries(selectBoxes(graph, candidates, selection))) {
    graph.output(name, value);
  }
  const names = labels ?? Array.from({ length: classes }, (_, code) => `class ${code}`);
  return { graph, labels: names, layout, height, width };
}

function unsupported(why: string, hint: string): never {
  throw new QuernError("UNSUPPORTED", `The model is no detector that can be read: ${why}.`, { hint });
}

function pictureInput(source: SourceModel) {
  const ports = inputPorts(source);
  const [port] = ports;
  if (ports.length !== 1 || port!.type !== "float32" || port!.shape.length !== 4 || port!.shape[1] !== 3) {
    const found = ports.map(({ name, type, shape }) => `${name} ${type}[${shape.join(", ")}]`).join(", ");
    unsupported(
      `it takes ${found || "nothing"}, not one picture float32[N, 3, height, width]`,
      "Export it with pictures as its one input.",
    );
  }
  if (typeof port!.shape[0] === "number") {
    unsupported(
      `it takes exactly ${port!.shape[0]} pictures at a time`,
      "Export it with a batch size that may vary: `dynamic=True` in Ultralytics, `dynamic_axes` in PyTorch.",
    );
  }
  return port!;
}

/** `[480, 640]`, height and width of the pictures it was exported for, as Ultralytics writes it. */
function sizeIn({ model }: SourceModel): { height: number; width: number } | undefined {
  const text = model.metadataProps?.find(({ key }) => key === "imgsz")?.value ?? "";
  const [height, width] = /^\[(\d{1,4}), (\d{1,4})\]$/.exec(text)?.slice(1).map(Number) ?? [];
  return height && width ? { height, width } : undefined;
}

/** `{0: 'person', 1: "traffic light"}`, as Ultralytics writes it. */
function labelsIn({ model }: SourceModel): string[] | undefined {
  const text = model.metadataProps?.find(({ key }) => key === "names")?.value ?? "";
  const found = [...text.matchAll(/(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)];
  const names = new Map(found.map(([, code, single, double]) => [Number(code), single ?? double ?? ""]));
  const list = Array.from({ length: names.size }, (_, code) => names.get(code));
  return list.length > 0 && list.every((name) => name) ? (list as string[]) : undefined;
}

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
import { type BoxCandidates, selectBoxes } from "../../foundation/contracts/box-graph.js";
import { cast, type GraphValue } from "../../foundation/contracts/graph.js";

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
  readonly height: number;
  readonly width: number;
}

/** What YOLOv8 predicts with by default. */
const DEFAULTS = { leastScore: 0.25, overlap: 0.7, limit: 300 } as const;
const USUAL_SIZE = { height: 640, width: 640 };

/**
 * Reads pictures as columns hold them, uint8 [N, H, W, 3] under the name `image`, and answers the tensors of `boxes`. The model takes
 * one picture, float32 [N, 3, H, W] in 0..1, and gives centre x, centre y, width and height in pixels with either a probability
 * for each class, [N, 4 + C, A] (YOLOv8 and later), or those of an object and of each class, [N, A, 5 + C] (YOLOv5).
 * @throws QuernError UNSUPPORTED for other inputs and outputs, MODEL_REFUSED for a broken model
 */
export function importDetector(source: SourceModel, options: ImportedDetectorOptions = {}): ImportedDetector {
  const { leastScore, overlap, limit } = { ...DEFAULTS, ...options };
  const port = pictureInput(source);
  const [height, width] = [2, 3].map((axis) => {
    const size = port.shape[axis]!;
    return typeof size === "number" ? size : (options.size ?? USUAL_SIZE)[axis === 2 ? "height" : "width"];
  }) as [number, number];
  const graph = createGraph({ name: "detector" });
  const x = new Expressions(graph);
  const pictures = graph.input("image", "uint8", ["N", height, width, 3]);
  const planes = x.mul(cast(graph, x.transpose(pictures, [0, 3, 1, 2]), "float32"), 1 / 255);
  const [output] = Object.values(appendModel(graph, source, { [port.name]: planes }));
  const labels = options.labels ?? labelsIn(source);
  const { candidates, count, classes } = readOutput(x, output!, labels, { height, width });
  const selection = { classCount: classes, candidates: count, overlap, leastScore, limit };
  for (const [name, value] of Object.entries(selectBoxes(graph, candidates, selection))) {
    graph.output(name, value);
  }
  const names = labels ?? Array.from({ length: classes }, (_, code) => `class ${code}`);
  return { graph, labels: names, height, width };
}

function unsupported(why: string, hint: string): never {
  throw new QuernError("UNSUPPORTED", `The model is no detector that can be read: ${why}.`, { hint });
}

function pictureInput(source: SourceModel) {
  const ports = inputPorts(source);
  const [port] = ports;
  if (ports.length !== 1 || port!.type !== "float32" || port!.shape.length !== 4 || port!.shape[1] !== 3) {
    unsupported(
      "it does not take one picture [N, 3, height, width]",
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

/** `{0: 'person', 1: "traffic light"}`, as Ultralytics writes it. */
function labelsIn({ model }: SourceModel): string[] | undefined {
  const text = model.metadataProps?.find(({ key }) => key === "names")?.value ?? "";
  const found = [...text.matchAll(/(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)];
  const names = new Map(found.map(([, code, single, double]) => [Number(code), single ?? double ?? ""]));
  const list = Array.from({ length: names.size }, (_, code) => names.get(code));
  return list.length > 0 && list.every((name) => name) ? (list as string[]) : undefined;
}

interface ReadCandidates {
  readonly candidates: BoxCandidates;
  /** Of each picture. */
  readonly count: number;
  readonly classes: number;
}

function readOutput(
  x: Expressions,
  output: GraphValue,
  labels: readonly string[] | undefined,
  size: { readonly height: number; readonly width: number },
): ReadCandidates {
  const [, first, second] = output.shape;
  if (
    output.type !== "float32" ||
    output.shape.length !== 3 ||
    typeof first !== "number" ||
    typeof second !== "number"
  ) {
    unsupported(
      `its first output is ${output.type}[${output.shape.join(", ")}]`,
      "Export it without suppression (`nms=False`) and with a fixed size of pictures.",
    );
  }
  const isWide = labels ? first === 4 + labels.length : first < second;
  const classes = isWide ? first - 4 : second - 5;
  if (classes < 1 || (labels && classes !== labels.length)) {
    unsupported(
      `its output [N, ${first}, ${second}] does not fit ${labels?.length ?? "any number of"} classes`,
      "Name the classes in their order; a model for outlines or keypoints has other outputs.",
    );
  }
  const rows = isWide ? x.transpose(output, [0, 2, 1]) : output;
  const count = isWide ? second : first;
  const [centreX, centreY, across, down, ...rest] = x.split(
    rows,
    isWide ? [1, 1, 1, 1, classes] : [1, 1, 1, 1, 1, classes],
    2,
  );
  const own = rest.at(-1)!;
  const probabilities = isWide ? own : x.mul(own, rest[0]!);
  const corner = (centre: GraphValue, side: GraphValue, sign: number, length: number) =>
    x.mul(x.add(centre, x.mul(side, sign / 2)), 1 / length);
  const { graph } = x;
  const along = { keepdims: { int: 0 } };
  return {
    count,
    classes,
    candidates: {
      corners: x.concat(
        [
          corner(centreX!, across!, -1, size.width),
          corner(centreY!, down!, -1, size.height),
          corner(centreX!, across!, 1, size.width),
          corner(centreY!, down!, 1, size.height),
        ],
        2,
      ),
      scores: graph.op("ReduceMax", [probabilities, x.integers([2])], { attributes: along }),
      classes: graph.op("ArgMax", [probabilities], { attributes: { axis: { int: 2 }, ...along } }),
    },
  };
}

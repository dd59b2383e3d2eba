/** How the outputs of detectors from elsewhere are told apart and read. */
import type { Expressions } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { BoxCandidates } from "../../foundation/contracts/box-graph.js";
import { cast, type GraphValue } from "../../foundation/contracts/graph.js";

/** What is read, in the words of a message. N pictures, C classes, A or K boxes of each. */
export const SUPPORTED_OUTPUTS =
  "[N, 4 + C, A] (centre, size, a probability for each class: YOLOv8, 9, 11, 12), [N, A, 5 + C] (with the probability of an object: YOLOv5, 7) and [N, K, 6] (corners, score, class: YOLOv10, YOLO26, exports with suppression)";

export type DetectorLayout = "classes-first" | "objectness" | "selected";

export interface ReadDetections {
  readonly layout: DetectorLayout;
  readonly candidates: BoxCandidates;
  /** Of each picture. */
  readonly count: number;
  readonly classes: number;
}

interface Sizes {
  readonly height: number;
  readonly width: number;
}

/** Models that have chosen their boxes answer at most so many; others propose more. */
const MOST_SELECTED = 1000;
/** With one class, `[N, A, 5 + C]` and `[N, K, 6]` look alike: up to this many boxes they are chosen ones. */
const MOST_SELECTED_OF_ONE_CLASS = 300;

/**
 * The candidates in the output of a model, in shares of the picture.
 * @param labels of the classes, where they are known
 * @throws QuernError UNSUPPORTED naming the outputs that were found and those that are read
 */
export function readDetections(
  x: Expressions,
  outputs: Readonly<Record<string, GraphValue>>,
  labels: readonly string[] | undefined,
  picture: Sizes,
): ReadDetections {
  const output = boxesAmong(outputs);
  const [, first, second] = output.shape as [unknown, number, number];
  const layout = layoutOf(first, second, labels?.length);
  const classes = classesOf(layout, first, second, labels?.length);
  if (classes === undefined) throw nameless();
  if (classes < 1 || (labels && classes !== labels.length)) {
    throw unreadable(outputs, labels?.length);
  }
  const read = { "classes-first": classesFirst, objectness: withObjectness, selected }[layout];
  const count = layout === "classes-first" ? second : first;
  return { layout, classes, count, candidates: read(x, output, classes, picture) };
}

/** The first output of three axes; exports of some versions carry further ones for training. */
function boxesAmong(outputs: Readonly<Record<string, GraphValue>>): GraphValue {
  const found = Object.values(outputs).find(
    ({ type, shape }) =>
      type === "float32" && shape.length === 3 && shape.slice(1).every((size) => typeof size === "number"),
  );
  if (found) return found;
  throw unreadable(outputs, undefined);
}

function layoutOf(first: number, second: number, labels: number | undefined): DetectorLayout {
  const mostSelected = labels === 1 ? MOST_SELECTED_OF_ONE_CLASS : MOST_SELECTED;
  if (second === 6 && first <= mostSelected && first !== 4 + (labels ?? 0)) return "selected";
  const isWide = labels === undefined ? first < second : first === 4 + labels;
  return isWide ? "classes-first" : "objectness";
}

function classesOf(
  layout: DetectorLayout,
  first: number,
  second: number,
  labels: number | undefined,
): number | undefined {
  if (layout === "selected") return labels;
  return layout === "classes-first" ? first - 4 : second - 5;
}

function unreadable(outputs: Readonly<Record<string, GraphValue>>, labels: number | undefined): QuernError {
  const found = Object.entries(outputs).map(
    ([name, { type, shape }]) => `${name} ${type}[${shape.join(", ")}]`,
  );
  const forClasses = labels === undefined ? "" : ` and its ${labels} classes`;
  return new QuernError(
    "UNSUPPORTED",
    `The model is no detector that can be read: its outputs are ${found.slice(0, 6).join(", ")}${forClasses}. What is read: ${SUPPORTED_OUTPUTS}.`,
    {
      details: { outputs: found, ...(labels === undefined ? {} : { classes: labels }) },
      hint: "Export boxes alone, with pictures of a fixed size, and name as many classes as the model has, in their order; models for outlines, keypoints or turned boxes have other outputs.",
    },
  );
}

/** Chosen boxes carry the number of their class alone. */
const nameless = (): QuernError =>
  new QuernError(
    "UNSUPPORTED",
    "The model answers numbers of classes, and nothing says how many there are.",
    {
      hint: "Name the classes in their order: `--classes names.txt`.",
    },
  );

type Reader = (x: Expressions, output: GraphValue, classes: number, picture: Sizes) => BoxCandidates;

const classesFirst: Reader = (x, output, classes, picture) => {
  const [a, b, c, d, own] = x.split(x.transpose(output, [0, 2, 1]), [1, 1, 1, 1, classes], 2);
  return surest(x, own!, centred(x, [a!, b!, c!, d!], picture));
};

const withObjectness: Reader = (x, output, classes, picture) => {
  const [a, b, c, d, object, own] = x.split(output, [1, 1, 1, 1, 1, classes], 2);
  return surest(x, x.mul(own!, object!), centred(x, [a!, b!, c!, d!], picture));
};

const selected: Reader = (x, output, _classes, { height, width }) => {
  const [left, top, right, bottom, scores, classes] = x.split(output, [1, 1, 1, 1, 1, 1], 2);
  const squeezed = (value: GraphValue) => x.reshape(value, [0, -1]);
  return {
    corners: x.concat(
      [
        x.mul(left!, 1 / width),
        x.mul(top!, 1 / height),
        x.mul(right!, 1 / width),
        x.mul(bottom!, 1 / height),
      ],
      2,
    ),
    scores: squeezed(scores!),
    classes: cast(x.graph, squeezed(classes!), "int64"),
  };
};

/** Middle and sides in pixels to corners in shares. */
function centred(
  x: Expressions,
  [centreX, centreY, across, down]: readonly [GraphValue, GraphValue, GraphValue, GraphValue],
  { height, width }: Sizes,
): GraphValue {
  const corner = (centre: GraphValue, side: GraphValue, sign: number, length: number) =>
    x.mul(x.add(centre, x.mul(side, sign / 2)), 1 / length);
  return x.concat(
    [
      corner(centreX, across, -1, width),
      corner(centreY, down, -1, height),
      corner(centreX, across, 1, width),
      corner(centreY, down, 1, height),
    ],
    2,
  );
}

/** Each box with its surest class. */
function surest(x: Expressions, probabilities: GraphValue, corners: GraphValue): BoxCandidates {
  const along = { keepdims: { int: 0 } };
  return {
    corners,
    scores: x.graph.op("ReduceMax", [probabilities, x.integers([2])], { attributes: along }),
    classes: x.graph.op("ArgMax", [probabilities], { attributes: { axis: { int: 2 }, ...along } }),
  };
}

import type { Expressions } from "../../../../engines/onnx/index.js";
import { type SelectedBoxes, selectBoxes } from "../../../../foundation/contracts/box-graph.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { type DetectorMaps, type DetectorShape, gridOf } from "./detector-network.js";

/** Middles that are looked at for each box that may be answered; others of its class lie beside them. */
const CANDIDATES_PER_BOX = 2;
/** What is less sure is no object. */
const LEAST_SCORE = 0.01;

/**
 * The boxes of the surest middles: places that no neighbour of their class is surer than, so that most objects have one
 * (Zhou et al., 2019), then suppression for large objects that have two.
 */
export function decodeBoxes(
  x: Expressions,
  { heat, reaches }: DetectorMaps,
  shape: DetectorShape,
): SelectedBoxes {
  const { graph } = x;
  const grid = gridOf(shape);
  const places = grid.rows * grid.columns;
  const candidates = Math.min(CANDIDATES_PER_BOX * shape.boxes, shape.classes * places);
  const probability = x.apply("Sigmoid", heat);
  const isPeak = x.indicator(x.equal(probability, neighbourhood(x, probability)), probability);
  const flat = x.reshape(x.mul(probability, isPeak), [0, shape.classes * places]);
  const [scores, at] = graph.node("TopK", [flat, x.integers([candidates])], {
    attributes: { axis: { int: 1 } },
  });
  const classes = x.div(at!, places);
  const place = x.sub(at!, x.mul(classes, places));
  const row = x.div(place, grid.columns);
  const column = x.sub(place, x.mul(row, grid.columns));
  const sides = placesTaken(x, x.reshape(reaches, [0, 4, places]), place);
  const [left, top, right, bottom] = x.split(sides, [1, 1, 1, 1], 2) as [
    GraphValue,
    GraphValue,
    GraphValue,
    GraphValue,
  ];
  const middle = (index: GraphValue) => x.unsqueeze(x.add(cast(graph, index, "float32"), 0.5), [2]);
  const [centreX, centreY] = [middle(column), middle(row)];
  const corners = x.concat(
    [
      x.mul(x.sub(centreX, left), 1 / grid.columns),
      x.mul(x.sub(centreY, top), 1 / grid.rows),
      x.mul(x.add(centreX, right), 1 / grid.columns),
      x.mul(x.add(centreY, bottom), 1 / grid.rows),
    ],
    2,
  );
  const { classes: classCount, overlap, boxes: limit } = shape;
  const selection = { classCount, candidates, overlap, leastScore: LEAST_SCORE, limit };
  return selectBoxes(graph, { corners, scores: scores!, classes }, selection);
}

/** The greatest value among the nine places around each. */
function neighbourhood(x: Expressions, value: GraphValue): GraphValue {
  return x.graph.op("MaxPool", [value], {
    attributes: { kernel_shape: { ints: [3, 3] }, strides: { ints: [1, 1] }, pads: { ints: [1, 1, 1, 1] } },
  });
}

/** Of maps [N, 4, places], what they say at the places [N, K]: [N, K, 4]. */
function placesTaken(x: Expressions, maps: GraphValue, places: GraphValue): GraphValue {
  const wide = x.expand(x.unsqueeze(places, [2]), [1, 1, 4]);
  const byPlace = x.transpose(maps, [0, 2, 1]);
  return x.graph.op("GatherElements", [byPlace, wide], { attributes: { axis: { int: 1 } } });
}

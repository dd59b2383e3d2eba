/**
 * Average precision and recall of detections as COCO computes them (Lin et al., 2014; cocodataset.org/#detection-eval):
 * means over ten thresholds of overlap, 101 recalls and all classes.
 */
import { type Box, boxArea, type Detection, intersection } from "./boxes.js";

/** An object that is there. */
export interface TrueObject {
  readonly image: string;
  readonly class: string;
  readonly box: Box;
  /** Of the object itself, where its outline is known; default: of the box. */
  readonly area?: number;
  /** Many objects in one box: to find one of them is neither right nor wrong. */
  readonly isCrowd?: boolean;
}
export interface FoundObject extends Detection {
  readonly image: string;
}

/** All in 0..1, or NaN where there is no object to find. `map`: mean average precision, `mar`: mean average recall. */
export interface CocoMetrics {
  readonly map: number;
  readonly map50: number;
  readonly map75: number;
  readonly mapSmall: number;
  readonly mapMedium: number;
  readonly mapLarge: number;
  /** With at most 1, 10 or 100 detections of a class in each image. */
  readonly mar1: number;
  readonly mar10: number;
  readonly mar100: number;
  readonly marSmall: number;
  readonly marMedium: number;
  readonly marLarge: number;
  /** `map` of each class, in the order of their names. */
  readonly byClass: Readonly<Record<string, number>>;
}

/** Evenly spaced, rounded as the reference implementation rounds them: a recall may lie just on one. */
const spaced = (from: number, to: number, count: number): number[] => {
  const step = (to - from) / (count - 1);
  return Array.from({ length: count }, (_, k) => (k === count - 1 ? to : k * step + from));
};
const THRESHOLDS = spaced(0.5, 0.95, 10);
const RECALLS = spaced(0, 1, 101);
const MOST = 100;
/** Square pixels. */
const AREAS = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, readonly [number, number]>;
type AreaName = keyof typeof AREAS;

/** What happened to one detection at each threshold. */
interface Judged {
  readonly score: number;
  readonly isRight: readonly boolean[];
  readonly isIgnored: readonly boolean[];
}

interface ImageResult {
  readonly judged: readonly Judged[];
  /** Objects that count. */
  readonly objects: number;
}

/** Objects and detections of one class in one image. */
interface Scene {
  readonly image: string;
  readonly objects: readonly TrueObject[];
  readonly found: readonly FoundObject[];
}

/** How often an image counts; bootstrap resamples count some twice and leave others out. */
export type ImageWeight = (image: string) => number;

export interface CocoScores {
  /** Each detection is compared with the objects once; asked again with other weights, only the curves are made anew. */
  overall(weightOf?: ImageWeight): Pick<CocoMetrics, "map" | "map50" | "map75" | "mar100" | "byClass">;
  all(): CocoMetrics;
}

export function cocoScores(truth: readonly TrueObject[], found: readonly FoundObject[]): CocoScores {
  const classes = [...new Set([...truth, ...found].map((one) => one.class))].sort();
  const scenes = classes.map((name) => scenesOf(name, truth, found));
  const ranked = (area: AreaName): Ranked[] => scenes.map((list) => rank(list, AREAS[area]));
  const everywhere = ranked("all");
  const curves = (lists: readonly Ranked[], most: number, weightOf?: ImageWeight): Curve[] =>
    lists.map((list) => curveOf(list, most, weightOf));
  const precision = (list: readonly Curve[], threshold?: number) => meanOf(list, "precision", threshold);
  const recall = (list: readonly Curve[]) => meanOf(list, "recall");
  const overall: CocoScores["overall"] = (weightOf) => {
    const all = curves(everywhere, MOST, weightOf);
    return {
      ...{ map: precision(all), map50: precision(all, 0), map75: precision(all, 5), mar100: recall(all) },
      byClass: Object.fromEntries(classes.map((name, k) => [name, precision([all[k]!])])),
    };
  };
  return {
    overall,
    all() {
      const [small, medium, large] = (["small", "medium", "large"] as const).map((area) =>
        curves(ranked(area), MOST),
      );
      return {
        ...overall(),
        ...{ mapSmall: precision(small!), mapMedium: precision(medium!), mapLarge: precision(large!) },
        ...{ mar1: recall(curves(everywhere, 1)), mar10: recall(curves(everywhere, 10)) },
        ...{ marSmall: recall(small!), marMedium: recall(medium!), marLarge: recall(large!) },
      };
    },
  };
}

function scenesOf(name: string, truth: readonly TrueObject[], found: readonly FoundObject[]): Scene[] {
  const scenes = new Map<string, { image: string; objects: TrueObject[]; found: FoundObject[] }>();
  const sceneOf = (image: string) => {
    const scene = scenes.get(image) ?? { image, objects: [], found: [] };
    scenes.set(image, scene);
    return scene;
  };
  for (const object of truth) if (object.class === name) sceneOf(object.image).objects.push(object);
  for (const one of found) if (one.class === name) sceneOf(one.image).found.push(one);
  return [...scenes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, scene]) => scene);
}

/** Of a detection, the part inside a crowd is what counts, not the crowd's own size. */
function overlapWith(found: FoundObject, object: TrueObject): number {
  const shared = intersection(found.box, object.box);
  const whole = object.isCrowd ? boxArea(found.box) : boxArea(found.box) + boxArea(object.box) - shared;
  return whole > 0 ? shared / whole : 0;
}

/** Each detection, surest first, takes the free object that it overlaps most; ignored ones only where no other will do. */
function judge(scene: Scene, [least, most]: readonly [number, number]): ImageResult {
  const isOutside = (area: number) => area < least || area > most;
  const objects = scene.objects
    .map((object) => ({
      object,
      isIgnored: object.isCrowd === true || isOutside(object.area ?? boxArea(object.box)),
    }))
    .sort((a, b) => Number(a.isIgnored) - Number(b.isIgnored));
  const found = [...scene.found].sort((a, b) => b.score - a.score).slice(0, MOST);
  const overlaps = found.map((one) => objects.map(({ object }) => overlapWith(one, object)));
  const judged = found.map(({ score }) => ({ score, isRight: [] as boolean[], isIgnored: [] as boolean[] }));
  for (const threshold of THRESHOLDS) {
    const isTaken = objects.map(() => false);
    for (const [k, one] of found.entries()) {
      const match = bestMatch(objects, overlaps[k]!, isTaken, threshold);
      if (match >= 0) isTaken[match] = true;
      judged[k]!.isRight.push(match >= 0);
      judged[k]!.isIgnored.push(match >= 0 ? objects[match]!.isIgnored : isOutside(boxArea(one.box)));
    }
  }
  return { judged, objects: objects.filter(({ isIgnored }) => !isIgnored).length };
}

function bestMatch(
  objects: readonly { readonly object: TrueObject; readonly isIgnored: boolean }[],
  overlaps: readonly number[],
  isTaken: readonly boolean[],
  threshold: number,
): number {
  let best = -1;
  let least = Math.min(threshold, 1 - 1e-10);
  for (const [k, { object, isIgnored }] of objects.entries()) {
    if (isTaken[k] && !object.isCrowd) continue;
    if (best >= 0 && !objects[best]!.isIgnored && isIgnored) break;
    if (overlaps[k]! < least) continue;
    least = overlaps[k]!;
    best = k;
  }
  return best;
}

/** Of one class: what all images say, the surest first. */
interface Ranked {
  readonly judged: readonly (Judged & { readonly image: string; readonly rank: number })[];
  readonly objects: readonly { readonly image: string; readonly count: number }[];
}

function rank(scenes: readonly Scene[], area: readonly [number, number]): Ranked {
  const results = scenes.map((scene) => ({ image: scene.image, ...judge(scene, area) }));
  return {
    judged: results
      .flatMap(({ image, judged }) => judged.map((one, k) => ({ ...one, image, rank: k })))
      .sort((a, b) => b.score - a.score),
    objects: results.map(({ image, objects }) => ({ image, count: objects })),
  };
}

/** By threshold. NaN: no objects. */
interface Curve {
  /** Mean over the recalls. */
  readonly precision: readonly number[];
  /** The greatest reached. */
  readonly recall: readonly number[];
}

function curveOf({ judged, objects }: Ranked, most: number, weightOf: ImageWeight = () => 1): Curve {
  const wanted = objects.reduce((sum, { image, count }) => sum + count * weightOf(image), 0);
  const none = THRESHOLDS.map(() => Number.NaN);
  if (wanted === 0) return { precision: none, recall: none };
  const counted = judged.filter((one) => one.rank < most && weightOf(one.image) > 0);
  const weights = counted.map(({ image }) => weightOf(image));
  const points = THRESHOLDS.map((_, k) => pointsOf(counted, weights, k, wanted));
  return {
    precision: points.map(({ precision }) => precision),
    recall: points.map(({ recall }) => recall),
  };
}

function pointsOf(
  judged: readonly Judged[],
  weights: readonly number[],
  threshold: number,
  objects: number,
): { precision: number; recall: number } {
  const recalls: number[] = [];
  const precisions: number[] = [];
  let [right, wrong] = [0, 0];
  for (const [k, { isRight, isIgnored }] of judged.entries()) {
    if (!isIgnored[threshold]) {
      if (isRight[threshold]) right += weights[k]!;
      else wrong += weights[k]!;
    }
    recalls.push(right / objects);
    precisions.push(right + wrong === 0 ? 0 : right / (right + wrong));
  }
  for (let k = precisions.length - 2; k >= 0; k--)
    precisions[k] = Math.max(precisions[k]!, precisions[k + 1]!);
  let [sum, at] = [0, 0];
  for (const level of RECALLS) {
    while (at < recalls.length && recalls[at]! < level) at++;
    sum += precisions[at] ?? 0;
  }
  return { precision: sum / RECALLS.length, recall: recalls.at(-1) ?? 0 };
}

/** Over the classes that have objects, and over all thresholds or one. */
function meanOf(curves: readonly Curve[], of: keyof Curve, threshold?: number): number {
  const values = curves
    .flatMap((curve) => (threshold === undefined ? curve[of] : [curve[of][threshold]!]))
    .filter((value) => !Number.isNaN(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

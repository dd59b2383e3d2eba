/** What the figures of metrics say in plain words: the one place that maps a metric to its words. */
import { formatNumber, formatPercent } from "./format.js";
import { shorten } from "./html.js";
import type { Language } from "./texts.js";

/** What a sentence on a metric may name. */
export interface MetricContext {
  readonly target: string;
  /** Of two classes the positive one; undefined for all other tasks. */
  readonly positive?: string | undefined;
}

export interface MetricMeaning {
  /** The figure as the sentence writes it: `71 of 100`. */
  write(value: number): string;
  sentence(value: number): string;
  /** The ends of an interval as written, the smaller one first. */
  bounds(low: number, high: number): readonly [string, string];
  /** The sentence says itself what chance gives. */
  readonly namesChance: boolean;
}

/** The value as it is written, the target, and the positive class of two. */
type Sentence = (value: string, target: string, positive: string | undefined) => string;

interface Words {
  readonly write: (value: number, language: Language) => string;
  readonly en: Sentence;
  readonly zh: Sentence;
  readonly namesChance?: true;
  /** What is written falls where the figure rises. */
  readonly falls?: true;
}

/** A share for people: `71 of 100`; never all or none where it is not. Chinese says 71%. */
export function outOfHundred(share: number, language: Language): string {
  const whole = Math.round(100 * share);
  if (whole === 0 && share > 0) return language === "zh" ? "不到 1%" : "fewer than 1 of 100";
  if (whole === 100 && share < 1) return language === "zh" ? "99% 以上" : "more than 99 of 100";
  return language === "zh" ? `${whole}%` : `${whole} of 100`;
}

const percent = (value: number) => formatPercent(value);
const figure = (value: number) => formatNumber(value, 3);
/** The geometric mean of the probabilities whose mean logarithm a log loss is. */
const typicalProbability = (value: number) => formatPercent(Math.exp(-value));

const MEANINGS: Readonly<Record<string, Words>> = {
  auc: {
    write: outOfHundred,
    en: (value, _, positive) =>
      positive === undefined
        ? `Shown a row of a class and a row of another, the model ranks them rightly in ${value} such pairs (mean over the classes); a coin would in 50.`
        : `Shown a row that is “${positive}” and one that is not, the model ranks them rightly in ${value} such pairs; a coin would in 50.`,
    zh: (value, _, positive) =>
      positive === undefined
        ? `给出一行属于某类、一行不属于该类，模型有 ${value} 的次数排对先后（各类平均）；掷硬币是 50%。`
        : `给出一行为“${positive}”、一行不是，模型有 ${value} 的次数排对先后；掷硬币是 50%。`,
    namesChance: true,
  },
  "average-precision": {
    write: outOfHundred,
    en: (value, _, positive) =>
      positive === undefined
        ? `Reading from the highest score down, each time a row of the class turns up, on average ${value} rows read so far are of it (mean over the classes).`
        : `Reading from the highest score down, each time a row that is “${positive}” turns up, on average ${value} rows read so far are.`,
    zh: (value, _, positive) =>
      positive === undefined
        ? `从得分最高的行往下看，每遇到一行属于该类时，已看的行中平均有 ${value} 属于该类（各类平均）。`
        : `从得分最高的行往下看，每遇到一行“${positive}”时，已看的行中平均有 ${value} 是“${positive}”。`,
  },
  "log-loss": {
    write: typicalProbability,
    en: (value) => `The model typically gives the true class a probability of ${value} (geometric mean).`,
    zh: (value) => `模型给真实类别的概率通常是 ${value}（几何平均）。`,
    falls: true,
  },
  accuracy: {
    write: outOfHundred,
    en: (value) => `The model decides ${value} rows rightly.`,
    zh: (value) => `模型判对了 ${value} 的行。`,
  },
  "balanced-accuracy": {
    write: outOfHundred,
    en: (value) => `Of each class the model decides ${value} rows rightly (mean over the classes).`,
    zh: (value) => `每个类别的行中，模型判对 ${value}（各类平均）。`,
  },
  precision: {
    write: outOfHundred,
    en: (value, _, positive) =>
      positive === undefined
        ? `Where the model decides for a class, ${value} rows are of it (mean over the classes).`
        : `Where the model decides “${positive}”, ${value} rows are.`,
    zh: (value, _, positive) =>
      positive === undefined
        ? `判为某类的行中，${value} 确实属于该类（各类平均）。`
        : `判为“${positive}”的行中，${value} 确实是。`,
  },
  recall: {
    write: outOfHundred,
    en: (value, _, positive) =>
      positive === undefined
        ? `Of the rows of a class the model finds ${value} (mean over the classes).`
        : `Of the rows that are “${positive}” the model finds ${value}.`,
    zh: (value, _, positive) =>
      positive === undefined
        ? `每个类别的行中，模型找出 ${value}（各类平均）。`
        : `真正为“${positive}”的行中，模型找出 ${value}。`,
  },
  f1: {
    write: figure,
    en: (value) =>
      `Decisions that are right and rows that are found, in one figure: ${value}, where 1 is perfect and 0 is nothing found.`,
    zh: (value) => `判得准与找得全合为一个数：${value}；1 为完美，0 为一无所获。`,
  },
  "f-beta": {
    write: figure,
    en: (value) =>
      `Decisions that are right and rows that are found, the latter counting more: ${value}, where 1 is perfect and 0 is nothing found.`,
    zh: (value) => `判得准与找得全合为一个数，后者占更大分量：${value}；1 为完美，0 为一无所获。`,
  },
  mcc: {
    write: figure,
    en: (value) => `Decisions and truth go together to ${value}, where 1 is always and 0 is by chance.`,
    zh: (value) => `判断与真实情况的一致程度为 ${value}；1 为完全一致，0 为碰运气。`,
  },
  kappa: {
    write: figure,
    en: (value) =>
      `Decisions agree with the truth beyond chance to ${value}, where 1 is always and 0 is by chance.`,
    zh: (value) => `判断与真实情况在偶然之外的一致程度为 ${value}；1 为完全一致，0 为碰运气。`,
  },
  "top-k-accuracy": {
    write: outOfHundred,
    en: (value) => `In ${value} rows the true class is among the three that the model holds most probable.`,
    zh: (value) => `${value} 的行，真实类别在模型认为最可能的三个类别之中。`,
  },
  brier: {
    write: figure,
    en: (value) =>
      `Stated probabilities miss what happened by ${value} in the mean of squares, where 0 is perfect.`,
    zh: (value) => `给出的概率与实际结果之差的平方平均为 ${value}；0 为完美。`,
  },
  ece: {
    write: (value, language) =>
      `${formatNumber(100 * value, 2)} ${language === "zh" ? "个百分点" : "percentage points"}`,
    en: (value) => `A stated probability differs from what happens by ${value} on average.`,
    zh: (value) => `给出的概率与实际发生的比例平均相差 ${value}。`,
  },
  rmse: {
    write: figure,
    en: (value, target) => `Predictions of ${target} typically miss by ${value}; large misses count most.`,
    zh: (value, target) => `对 ${target} 的预测通常相差 ${value}，大的误差分量更重。`,
  },
  mse: {
    write: (value) => figure(Math.sqrt(value)),
    en: (value, target) =>
      `Predictions of ${target} typically miss by ${value} (the root of this figure); large misses count most.`,
    zh: (value, target) => `对 ${target} 的预测通常相差 ${value}（此指标的平方根），大的误差分量更重。`,
  },
  mae: {
    write: figure,
    en: (value, target) => `Predictions of ${target} miss by ${value} on average.`,
    zh: (value, target) => `对 ${target} 的预测平均相差 ${value}。`,
  },
  "median-absolute-error": {
    write: figure,
    en: (value, target) => `Half of the predictions of ${target} miss by ${value} or less.`,
    zh: (value, target) => `对 ${target} 的预测有一半相差不超过 ${value}。`,
  },
  mape: {
    write: percent,
    en: (value, target) => `Predictions of ${target} miss by ${value} of the true value on average.`,
    zh: (value, target) => `对 ${target} 的预测平均相差真实值的 ${value}。`,
  },
  smape: {
    write: percent,
    en: (value, target) =>
      `Predictions of ${target} miss by ${value} on average, as a share of the mean of truth and prediction.`,
    zh: (value, target) => `对 ${target} 的预测平均相差 ${value}（相对于真实值与预测值的平均）。`,
  },
  r2: {
    write: percent,
    en: (value, target) =>
      `The model explains ${value} of the variance of ${target}: 100% is perfect, 0% no better than always saying the mean.`,
    zh: (value, target) => `模型解释了 ${target} 方差的 ${value}：100% 为完美，0% 等于总是回答平均值。`,
  },
  "explained-variance": {
    write: percent,
    en: (value, target) =>
      `The model explains ${value} of the variance of ${target}, a constant error forgiven: 100% is perfect, 0% no better than always saying the same.`,
    zh: (value, target) =>
      `不计恒定偏差，模型解释了 ${target} 方差的 ${value}：100% 为完美，0% 等于总是给出同一回答。`,
  },
  rmsle: {
    write: (value) => figure(Math.exp(value)),
    en: (value, target) => `Predictions of ${target} plus 1 are typically off by a factor of ${value}.`,
    zh: (value, target) => `对 ${target} 加 1 的预测通常相差 ${value} 倍。`,
  },
  pinball: {
    write: (value) => figure(2 * value),
    en: (value, target) =>
      `Predictions of ${target} miss by ${value} on average (twice this figure, at its usual setting).`,
    zh: (value, target) => `对 ${target} 的预测平均相差 ${value}（按通常设置为此指标的两倍）。`,
  },
  "poisson-deviance": {
    write: figure,
    en: (value, target) =>
      `Predicted rates of ${target} differ from the counts by ${value}, where 0 is perfect.`,
    zh: (value, target) => `${target} 的预测计数率与实际计数相差 ${value}；0 为完美。`,
  },
  gain: {
    write: figure,
    en: (value) => `A decision brings ${value} a row on average, by the project's table of gains.`,
    zh: (value) => `按项目的收益表，每行的判断平均带来 ${value}。`,
  },
  // entities in texts
  "span-f1": {
    write: figure,
    en: (value) =>
      `Marked entities that are right and entities that are found, in one figure: ${value}, where 1 is perfect and 0 is nothing found.`,
    zh: (value) => `标得准与找得全合为一个数：${value}；1 为完美，0 为一无所获。`,
  },
  "span-precision": {
    write: outOfHundred,
    en: (value) => `Of the entities the model marks, ${value} are right in place and label.`,
    zh: (value) => `模型标出的实体中，${value} 的位置和标签都对。`,
  },
  "span-recall": {
    write: outOfHundred,
    en: (value) => `Of the entities that are there, the model finds ${value}.`,
    zh: (value) => `文本中实有的实体，模型找出 ${value}。`,
  },
  "span-f1-macro": {
    write: figure,
    en: (value) =>
      `Marked entities that are right and entities that are found, in one figure, the mean over the labels: ${value}, where 1 is perfect.`,
    zh: (value) => `标得准与找得全合为一个数，各标签平均：${value}；1 为完美。`,
  },
  "exact-texts": {
    write: outOfHundred,
    en: (value) => `In ${value} texts every entity is found and none is wrong.`,
    zh: (value) => `${value} 的文本中，实体全部找出且没有错误。`,
  },
  // objects in pictures
  map: {
    write: figure,
    en: (value) =>
      `How well boxes are found, named and placed: ${value}, where 1 is perfect; boxes must overlap the truth by half to nearly all.`,
    zh: (value) =>
      `目标框找得全、认得对、位置准的程度：${value}；1 为完美，要求框与真实框重叠一半直至几乎完全重合。`,
  },
  "map-50": {
    write: figure,
    en: (value) =>
      `How well boxes are found and named: ${value}, where 1 is perfect; a box counts that overlaps the truth by half.`,
    zh: (value) => `目标框找得全、认得对的程度：${value}；1 为完美，与真实框重叠一半即算数。`,
  },
  "map-75": {
    write: figure,
    en: (value) =>
      `How well boxes are found and named: ${value}, where 1 is perfect; a box counts that overlaps the truth by three quarters.`,
    zh: (value) => `目标框找得全、认得对的程度：${value}；1 为完美，与真实框重叠四分之三才算数。`,
  },
  "mar-100": {
    write: outOfHundred,
    en: (value) =>
      `Of the objects of a class the model finds ${value}, with at most 100 boxes a picture (mean over the classes and over how exact the box must be).`,
    zh: (value) => `每类目标中，模型找出 ${value}，每张图最多 100 个框（对各类别和各重叠要求取平均）。`,
  },
  "mean-iou": {
    write: outOfHundred,
    en: (value) =>
      `Of the pixels that are of a class or are painted as it, ${value} are both (mean over the classes).`,
    zh: (value) => `实属某类或被涂为该类的像素中，${value} 两者皆是（各类平均）。`,
  },
  "pixel-accuracy": {
    write: outOfHundred,
    en: (value) => `The model names ${value} pixels rightly.`,
    zh: (value) => `模型认对了 ${value} 的像素。`,
  },
  // several labels a row
  "f1-micro": {
    write: figure,
    en: (value) =>
      `Labels given that are right and labels that are found, in one figure: ${value}, where 1 is perfect and 0 is nothing found.`,
    zh: (value) => `标签给得准与找得全合为一个数：${value}；1 为完美，0 为一无所获。`,
  },
  "f1-macro": {
    write: figure,
    en: (value) =>
      `Labels given that are right and labels that are found, in one figure, the mean over the labels: ${value}, where 1 is perfect.`,
    zh: (value) => `标签给得准与找得全合为一个数，各标签平均：${value}；1 为完美。`,
  },
  "mean-average-precision": {
    write: outOfHundred,
    en: (value) =>
      `Reading from the highest score of a label down, each time a row with the label turns up, on average ${value} rows read so far have it (mean over the labels).`,
    zh: (value) =>
      `按某标签得分从高往下看，每遇到一行带该标签时，已看的行中平均有 ${value} 带该标签（各标签平均）。`,
  },
  "label-ranking": {
    write: outOfHundred,
    en: (value) =>
      `Of the labels that rank as high as a true one of the row, ${value} are true (mean over labels and rows).`,
    zh: (value) => `排在某个真实标签及其之前的标签中，平均 ${value} 是真实的。`,
  },
  "hamming-loss": {
    write: outOfHundred,
    en: (value) => `Of all decisions whether a row has a label, ${value} are wrong.`,
    zh: (value) => `“某行是否带某标签”的判断中，${value} 是错的。`,
  },
  "subset-accuracy": {
    write: outOfHundred,
    en: (value) => `In ${value} rows every label is decided rightly.`,
    zh: (value) => `${value} 的行，所有标签都判对。`,
  },
};

const LONGEST_NAME = 40;

/** Nothing for metrics of extensions: their figure stands alone. */
export function metricMeaning(
  id: string,
  { target, positive }: MetricContext,
  language: Language,
): MetricMeaning | undefined {
  if (!Object.hasOwn(MEANINGS, id)) return undefined;
  const words = MEANINGS[id]!;
  const write = (value: number) => words.write(value, language);
  const name = positive === undefined ? undefined : shorten(positive, LONGEST_NAME);
  return {
    write,
    sentence: (value) => words[language](write(value), shorten(target, LONGEST_NAME), name),
    bounds: (low, high) => (words.falls ? [write(high), write(low)] : [write(low), write(high)]),
    namesChance: words.namesChance ?? false,
  };
}

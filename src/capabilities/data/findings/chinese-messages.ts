import type { Finding } from "../../../foundation/contracts/finding.js";
import { formatCount, percent, quote } from "./wording.js";

/** What a finding says in Chinese, by its id. Values come from the evidence, as in the English message. */
type Say = (facts: Facts, column: string) => readonly [message: string, action: string];

interface Facts {
  share(key: string): string;
  count(key: string): string;
  text(key: string): string;
}

const MESSAGES: Readonly<Record<string, Say>> = {
  "target-leak": (f, c) => [
    `列${c}单独就能在留出行上解释目标的 ${f.share("explainedShare")}（次好的列为 ${f.share("nextBest")}）。若预测时尚不知道它，所有得分都不可信。`,
    "除非预测时已知该列，否则请把它写入 `data.ignore`。",
  ],
  "post-outcome-time": (_, c) => [
    `时间列${c}很可能在结果发生之后才写入，预测时并不知道。`,
    "请把它写入 `data.ignore`，或只保留预测时已知的部分。",
  ],
  "missing-predicts-target": (f, c) => [
    `列${c}是否有值就能解释目标的 ${f.share("explainedShare")}。如果它是在结果出现后才补填的，这就是泄漏。`,
    "请弄清该列何时、为何被填写；若属泄漏，请写入 `data.ignore`。",
  ],
  "split-duplicates": (f) => [
    `测试集中有 ${f.count("rows")} 行（${f.share("share")}）与某个训练行完全相同（标识列除外），得分因此偏高。`,
    "请用按哈希的划分（`stratified` 或 `random`），它会把相同的行放在同一部分；或删除重复行。",
  ],
  "split-overlap": (f) => [`有 ${f.count("rows")} 行同时出现在训练集和测试集中。`, "请使各部分互不重叠。"],
  "group-leak": (_, c) => [
    `测试集中的一部分行与训练集同属一个${c}，模型能认出它们，得分对新的${c}并不成立。`,
    "请使用 `split: { kind: group }`。",
  ],
  "possible-group": (f, c) => [
    `${c}相同的行在目标上彼此相似（解释 ${f.share("explainedShare")}）。若要预测新的${c}，随机划分会使得分偏高。`,
    "请设置 `data.group`，使每个组只出现在一个部分。",
  ],
  "time-leak": (f, c) => [
    `按${c}，有 ${f.share("share")} 的训练行晚于一半的测试行：模型在评估时已看到“未来”。`,
    "请使用 `split: { kind: time }`。",
  ],
  "split-shift": (_, c) => [
    `列${c}在测试行与训练行中的分布不同，得分针对的是与学习数据不同的数据。`,
    "若按时间或组划分，这可能属正常，请在运行中监控该列；否则请检查划分方式。",
  ],
  "duplicate-rows": (f) => [
    `有 ${f.count("rows")} 行（${f.share("share")}）与更早的某行完全相同。若是副本，它们在训练中被重复计算，跨划分时还会使得分偏高；若是恰好相同的独立观测，可以保留。`,
    "相同的行只会进入划分的同一部分，训练时只计一次；若是独立观测，请设置 `cleaning.duplicates: false`。",
  ],
  "conflicting-labels": (f) => [
    `有 ${f.count("rows")} 行（${f.share("share")}）特征与别的行相同而标签不同，至少有 ${f.count("unavoidableErrors")} 行必然预测错误。`,
    "请检查这些行的标签，或补充能区分它们的列；`cleaning.conflicts: true` 会把它们从训练行中删除。",
  ],
  "near-duplicate-conflicts": (f) => [
    `有 ${f.count("rows")} 行（${f.share("share")}）与别的行几乎相同而标签不同：两个标签中可能有一个是错的，或缺少能区分它们的列。`,
    "请查看这些行对并更正标签。",
  ],
  "split-near-duplicates": (f) => [
    `测试集中有 ${f.count("rows")} 行（${f.share("share")}）与某个学习行几乎相同。若它们来自同一来源（同一人、物品或测量），得分偏高。`,
    "请用 `data.group` 指明来源，使其只出现在一个部分。",
  ],
  "missing-target": (f, c) => [
    `有 ${f.count("missing")} 行（${f.share("share")}）的目标${c}没有可用的值。`,
    "这些行不进入划分的任何部分。",
  ],
  "skewed-target": (_, c) => [
    `目标${c}有很长的尾部，平方误差会由尾部主导。`,
    "请同时查看平均绝对误差，或预测其对数；金额类目标可用 gamma 或 Tweedie 目标函数。",
  ],
  "rare-classes": (f, c) => [
    `目标${c}有少于 ${f.text("limit")} 行的稀有类别，难以学习，其得分也没有意义。`,
    "请收集更多样本、与相近类别合并，或去掉这些类别。",
  ],
  "class-imbalance": (_, c) => [
    `目标${c}的类别很不均衡，准确率在这里说明不了什么。`,
    "请看平均精度、平衡准确率或对数损失，并按代价选择阈值。",
  ],
  "id-like-column": (_, c) => [
    `列${c}每行的值都不同，只是行的名字，模型只会死记，对新行毫无帮助。`,
    "请将其设为 `data.id`，或去掉该列。",
  ],
  "constant-column": (_, c) => [
    `列${c}每行的值都相同，模型学不到任何东西。`,
    "请去掉该列，或检查它为何不变。",
  ],
  "near-constant-column": () => ["有些列几乎总是同一个值。", "没有害处；若少数值没有含义，可以去掉。"],
  "empty-column": (_, c) => [
    c === "" ? "有些列完全没有值，未被使用。" : `列${c}完全没有值。`,
    "若本应有值，请检查数据是怎样导出的；公式须连同结果一起保存。",
  ],
  "high-missingness": (f, c) => [
    `列${c}有 ${f.count("missing")} 行（${f.share("share")}）缺失。`,
    "模型会自行处理缺失；请查明缺失的原因，若永远不会补填，可去掉该列。",
  ],
  "mixed-types": (_, c) => [
    `列${c}多数是数字，但夹杂着文字，因此未按数字读取。`,
    "如果这些文字表示缺失，请列入 `data.missing`，该列便按数字读取。",
  ],
  "nested-values": (f, c) => [
    `列${c}中 ${f.share("share")} 的值是 JSON 对象或列表，却被读作文字，模型看不到其中的字段。`,
    "请把每个字段写成单独的一列；等长的数字列表会读作向量。",
  ],
  "spelling-variants": (f, c) => [
    `列${c}中有 ${f.count("groups")} 组值只在大小写、空格或全角半角上不同；合并后由 ${f.count("distinct")} 个变为 ${f.count("joined")} 个。`,
    "若含义相同，请在数据源中统一写法。",
  ],
  "unreadable-cells": (f, c) => [
    `列${c}有 ${f.count("rows")} 个单元格无法按其类型读取，按缺失处理。`,
    "请更正这些单元格；若它们表示缺失，请列入 `data.missing`。",
  ],
  "unreadable-pictures": (f, c) => [
    `有 ${f.count("rows")} 行（${f.share("share")}）在列${c}中没有可读取的图片，这些行已略去。`,
    "请将这些图片重新保存为 JPEG 或 PNG，或删除这些行。",
  ],
  "disputed-pictures": (f, c) => [
    `列${c}中有 ${f.count("rows")} 行（${f.share("share")}）的图片另有完全相同的副本，类别却不同：${f.text("examples")}。没有模型能全部答对。`,
    "请让每张图片只留在它所属的类别里，并删除副本。",
  ],
  "pictures-not-found": (f, c) => [
    `列${c}写的是图片文件名（例如 ${f.text("example")}），但能找到的不到一半，因此未使用这些图片。`,
    "文件名从表格所在文件夹算起：请把表格放在图片文件夹旁边；网址所指的图片请先下载。",
  ],
  "date-as-text": (f, c) => [
    `列${c}看起来是日期（例如 ${f.text("example")}），却被读作文字。`,
    "请统一日期写法，或在 `data.kinds` 中指定为 datetime。",
  ],
  "placeholder-value": (f, c) => [
    `列${c}中有 ${f.count("rows")} 行的值为 ${f.text("value")}，远离其他值，像是“未知”或“不少于”的代码。`,
    "如果表示未知，请加入 `data.missing`。",
  ],
  "high-cardinality": (f, c) => [
    `列${c}有 ${f.count("unique")} 个类别，每个类别的行太少，新类别还会出现。`,
    "稀有类别会合并，并以折外目标编码或频率编码。",
  ],
  "redundant-column": (f, c) => [
    `列${c}与列“${f.text("other")}”说的是同一件事，重要性会被二者分摊。`,
    "保留其中一列即可，预测不变。",
  ],
  "unknown-labels": (f) => [
    `${f.count("rows")} 行中有 ${f.count("empty")} 行的标签单元格为空，已略去。`,
    "没有任何标签的行请写 []。",
  ],
  "learning-sampled": (f) => [
    `模型从按内容抽取的 ${f.count("rows")} 行中学习（共 ${f.count("of")} 行可供学习，占 ${f.share("share")}）：若用全部行，时间只够几棵树。测试行全部参与评判。`,
    "若要用更多行学习，请用 `tuning.time` 给更多时间，或改为限定试验次数。",
  ],
  "conflicts-removed": (f) => removed(f, "与别的行相矛盾", "conflicts"),
  "duplicates-removed": (f) => removed(f, "与更早的某行相同", "duplicates"),
  "outliers-removed": (f) => removed(f, "目标远离其他所有值", "outliers"),
  outliers: (f, c) => [
    `列${c}有 ${f.count("rows")} 个值远离其他所有值，可能是错误，也可能正是要紧的少数。`,
    "请检查这些行；线性模型可加 `clip` 变换。",
  ],
};

/** What was left out of the training rows. @param key under `cleaning` of a project file */
function removed(f: Facts, why: string, key: string): readonly [string, string] {
  return [
    `训练部分有 ${f.count("rows")} 行（${f.share("share")}）${why}，已略去；其他部分保持原样。`,
    `不参与训练；\`cleaning.${key}: false\` 会保留它们。`,
  ];
}

/** As `percent`, in Chinese. */
function percentOf(share: number): string {
  return percent(share).replace("under ", "不足 ").replace("over ", "超过 ");
}

/** Message and action of a finding in Chinese; in English where a finder of one's own has no translation. */
export function chineseMessage(finding: Finding): { message: string; action: string } {
  const say = MESSAGES[finding.id];
  if (!say) return { message: finding.message, action: finding.fix.action };
  const fact = (key: string): unknown => finding.evidence[key];
  const facts: Facts = {
    share: (key) => percentOf(Number(fact(key) ?? 0)),
    count: (key) => formatCount(Number(fact(key) ?? 0)),
    text: (key) => String(fact(key) ?? ""),
  };
  const [message, action] = say(
    facts,
    finding.column === undefined ? "" : `“${quote(finding.column).slice(1, -1)}”`,
  );
  return { message, action };
}

/** The ids that have a translation. */
export const TRANSLATED_FINDINGS: readonly string[] = Object.keys(MESSAGES);

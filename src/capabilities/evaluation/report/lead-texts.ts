import { defineTexts } from "../../../engines/pages/texts.js";

/** What the report says first: what the main figure means, and what to do next. */
export const leadTexts = defineTexts(
  {
    withoutFeatures: (value: string) => `Predictions that ignore the features: ${value}.`,
    fromDictionary: (value: string) => `Names known from the training texts, found again: ${value}.`,
    baselineDictionary: "same figure, names known from the training texts alone",
    likelyBetween: (low: string, high: string) =>
      `On many more rows like these the figure would likely lie between ${low} and ${high}.`,
    byWeight: "Rows count by their weights.",
    decidedPositive: (positive: string, right: string, found: string, share: string) =>
      `Where it decides “${positive}”, ${right} rows are; of the rows that are, it finds ${found}. In all, ${share} rows are “${positive}”.`,
    neverPositive: (positive: string) => `It never decides “${positive}” on these rows.`,
    decidedRightly: (right: string, usual: string, without: string) =>
      `It decides ${right} rows rightly; always saying “${usual}” would be right for ${without}.`,
    halfWithin: (target: string, value: string) =>
      `Half of the predictions of ${target} lie within ${value} of the truth.`,
    halfWithout: (value: string) => `Without the features half would lie within ${value}.`,
    markedEntities: (right: string, found: string) =>
      `Of the entities it marks, ${right} are right in place and label; of those that are there, it finds ${found}.`,
    pixelsRight: (right: string) => `It names ${right} pixels rightly.`,
    objectsFound: (found: string) =>
      `Of the objects that are there it finds ${found} (mean over the classes and over how exact the box must be).`,
    next: "What to do next",
    nextNotBetter: "Do not use the model yet: look for more rows and better features.",
    nextCritical: (count: string, first: string) =>
      `Decide about what is critical in the data (${count}), first: ${first}`,
    nextWarnings: (count: string, first: string) =>
      `Look at the warnings about the data (${count}), first: ${first}`,
    nextGoals: (names: string) =>
      `Goals are not met (${names}): search longer (\`quern train --trials 40\`), or bring more rows.`,
    nextLabels: (count: string) => `Review the labels that are likely wrong (${count}).`,
    nextTwins: (count: string) =>
      `${count} test rows repeat rows the model learned from: read the figure without them.`,
    nextSlices: (count: string) => `See the groups of rows on which the model does worse (${count}).`,
    nextUse: (model: string) =>
      `Use it: \`quern serve ${model}\` answers over HTTP, \`quern predict ${model} FILE\` predicts a file.`,
    nextExplain: (model: string) =>
      `See what predictions rest on: \`quern explain ${model} FILE --report page.html\`.`,
    evaluationTitle: (name: string) => `Evaluation: ${name}`,
  },
  {
    withoutFeatures: (value) => `不看特征的预测：${value}。`,
    fromDictionary: (value) => `只在文本中查找训练时见过的名称：${value}。`,
    baselineDictionary: "同一指标，只查找训练时见过的名称",
    likelyBetween: (low, high) => `若有更多同类的行，此数值很可能在 ${low} 至 ${high} 之间。`,
    byWeight: "各行按权重计算。",
    decidedPositive: (positive, right, found, share) =>
      `判为“${positive}”的行中，${right} 确实是；真正的“${positive}”中，模型找出 ${found}。全部行中“${positive}”占 ${share}。`,
    neverPositive: (positive) => `在这些行上，模型从未判为“${positive}”。`,
    decidedRightly: (right, usual, without) =>
      `模型判对了 ${right} 的行；总是回答“${usual}”可判对 ${without}。`,
    halfWithin: (target, value) => `对 ${target} 的预测有一半与真实值相差不超过 ${value}。`,
    halfWithout: (value) => `不看特征时，一半的预测相差不超过 ${value}。`,
    markedEntities: (right, found) =>
      `模型标出的实体中，${right} 的位置和标签都对；实有的实体中，模型找出 ${found}。`,
    pixelsRight: (right) => `模型认对了 ${right} 的像素。`,
    objectsFound: (found) => `实有的目标中，模型找出 ${found}（对各类别和各重叠要求取平均）。`,
    next: "接下来做什么",
    nextNotBetter: "暂时不要使用此模型：请补充更多的行和更好的特征。",
    nextCritical: (count, first) => `处理数据中的严重问题（${count} 项），首先：${first}`,
    nextWarnings: (count, first) => `查看数据的警告（${count} 项），首先：${first}`,
    nextGoals: (names) => `目标未达成（${names}）：延长搜索（\`quern train --trials 40\`），或补充更多的行。`,
    nextLabels: (count) => `复核很可能有误的标签（${count} 个）。`,
    nextTwins: (count) => `${count} 行测试数据与训练行重复：请看去除它们之后的数值。`,
    nextSlices: (count) => `查看模型表现较差的群体（${count} 个）。`,
    nextUse: (model) =>
      `使用模型：\`quern serve ${model}\` 提供 HTTP 服务，\`quern predict ${model} 文件\` 预测整个文件。`,
    nextExplain: (model) =>
      `查看预测的依据：\`quern explain ${model} 文件 --language zh --report page.html\`。`,
    evaluationTitle: (name) => `评估报告：${name}`,
  },
);

/** Every word of the sections on explanation, English and Chinese side by side. */
import { defineTexts } from "../../../engines/pages/texts.js";

export const explanationTexts = defineTexts(
  {
    title: (model: string) => `${model}: how it comes to its predictions`,
    contributions: "What columns contribute",
    howToRead:
      "How to read this: the longer the bar of a column, the more the column moves predictions. In the table below, + moved the prediction of that row up and − moved it down; together they lead from what the model says on average (the base value) to what it says of the row.",
    contributionsNote: (rows: number) =>
      `How much the column moves predictions: mean |Shapley value| over ${rows} rows`,
    precision: (exact: boolean, fidelity: string | undefined) =>
      fidelity === undefined
        ? exact
          ? "exact"
          : "sampled"
        : `of trees that explain ${fidelity} of the model's variance`,
    basis: (method: string, precision: string, space: string, background: number) =>
      `${method} SHAP, ${precision}, in ${space}, relative to ${
        background === 0 ? "the training rows in the leaves" : `${background} background rows`
      }.`,
    additivity: (gap: string) => `Base value and contributions add up to the model's scores within ${gap}.`,
    value: "the predicted value",
    "log-value": "the logarithm of the predicted value",
    "log-odds": "log-odds before calibration",
    share: "averaged shares of the trees before calibration",
    probability: "probability",
    causes: "Contributions say what the model used, not what causes the outcome.",
    rowsTitle: "Single rows",
    row: "row",
    prediction: "prediction",
    strongest: "strongest contributions",
    dependence: "How predictions depend on columns",
    dependenceNote: (rows: number) => `Mean over ${rows} rows.`,
    average: "mean",
    accumulated: "accumulated local effects",
    extrapolated: (share: string) =>
      `Up to ${share} of the changed rows lie outside of the data: there the curve is guesswork.`,
    interactions: "Which columns work together",
    interactionsNote: "Share of two columns' joint effect that is interaction (H²).",
    columns: "columns",
    strength: "strength",
    counterfactuals: "What would change the prediction",
    changes: "smallest change found",
    wanted: "wanted",
    after: "afterwards",
    plausibility: "distance to data",
    plausibilityNote:
      "Distance to the nearest known row, relative to how far known rows lie apart: far above 1 is unlikely to occur.",
    notFound: "none found within the limits",
    missing: "missing",
    rules: "The model in a few rules",
    rulesNote: (fidelity: string, heldOut: number) =>
      `The first rule that applies decides. They explain ${fidelity} of the variance of the model's predictions on ${heldOut} rows they have not seen.`,
    agreement: (share: string) => `On ${share} of them they choose the model's class.`,
    when: "if",
    otherwise: "otherwise",
    coverage: "rows decided",
  },
  {
    title: (model) => `${model}：预测是如何得出的`,
    contributions: "各列的贡献",
    howToRead:
      "怎样看：列的条形越长，这一列对预测的影响越大。下表中，+ 表示把该行的预测推高，− 表示拉低；各项相加，就从模型的平均回答（基准值）得到对该行的回答。",
    contributionsNote: (rows) => `该列对预测的影响：${rows} 行上 |Shapley 值| 的平均`,
    precision: (exact, fidelity) =>
      fidelity === undefined ? (exact ? "精确" : "抽样") : `取自能解释模型 ${fidelity} 方差的树`,
    basis: (method, precision, space, background) =>
      `${method} SHAP，${precision}，单位为${space}，相对于${
        background === 0 ? "叶节点中的训练行" : `${background} 行背景数据`
      }。`,
    additivity: (gap) => `基准值与各项贡献之和同模型得分相差不超过 ${gap}。`,
    value: "预测值",
    "log-value": "预测值的对数",
    "log-odds": "校准前的对数几率",
    share: "校准前各树占比的平均",
    probability: "概率",
    causes: "贡献说明模型用了什么，并不说明结果的原因。",
    rowsTitle: "单行解释",
    row: "行",
    prediction: "预测",
    strongest: "最大的贡献",
    dependence: "预测如何随各列变化",
    dependenceNote: (rows) => `${rows} 行的平均。`,
    average: "平均",
    accumulated: "累积局部效应",
    extrapolated: (share) => `最多有 ${share} 的改动行落在数据之外：该处曲线只是推测。`,
    interactions: "哪些列共同起作用",
    interactionsNote: "两列联合效应中属于交互的份额（H²）。",
    columns: "列",
    strength: "强度",
    counterfactuals: "怎样才会改变预测",
    changes: "找到的最小改动",
    wanted: "目标",
    after: "改动后",
    plausibility: "与数据的距离",
    plausibilityNote: "到最近已知行的距离，相对于已知行之间的距离：远大于 1 的情况不大可能出现。",
    notFound: "在限制内未找到",
    missing: "缺失",
    rules: "用几条规则概括模型",
    rulesNote: (fidelity, heldOut) =>
      `由第一条适用的规则决定。在未见过的 ${heldOut} 行上，规则解释了模型预测方差的 ${fidelity}。`,
    agreement: (share) => `其中 ${share} 与模型选择的类别相同。`,
    when: "如果",
    otherwise: "否则",
    coverage: "决定的行",
  },
);
export type ExplanationTexts = ReturnType<typeof explanationTexts>;

import type { Language } from "../../../engines/pages/texts.js";

/** Chinese names of the built-in metrics; a metric without one keeps its own title. */
const CHINESE: Readonly<Record<string, string>> = {
  auc: "ROC 曲线下面积 (AUC)",
  "average-precision": "平均精确率 (AP)",
  "log-loss": "对数损失",
  accuracy: "准确率",
  "balanced-accuracy": "平衡准确率",
  precision: "精确率",
  recall: "召回率",
  f1: "F1",
  "f-beta": "F-beta",
  mcc: "马修斯相关系数",
  kappa: "Cohen κ 系数",
  "top-k-accuracy": "Top-k 准确率",
  brier: "Brier 分数",
  ece: "校准误差 (ECE)",
  rmse: "均方根误差 (RMSE)",
  mse: "均方误差 (MSE)",
  mae: "平均绝对误差 (MAE)",
  "median-absolute-error": "绝对误差中位数",
  mape: "平均绝对百分比误差 (MAPE)",
  smape: "对称百分比误差 (sMAPE)",
  r2: "决定系数 R²",
  "explained-variance": "解释方差",
  rmsle: "对数均方根误差 (RMSLE)",
  pinball: "分位数损失",
  "span-f1": "实体 F1",
  "span-precision": "实体精确率",
  "span-recall": "实体召回率",
  "span-f1-macro": "各标签实体 F1 的均值",
  map: "mAP@[.5:.95]",
  "map-50": "mAP@.5",
  "map-75": "mAP@.75",
  "mar-100": "平均召回率（100 个框）",
  "mean-iou": "平均交并比 (mIoU)",
  "pixel-accuracy": "像素准确率",
  "exact-texts": "完全正确的文本",
  "poisson-deviance": "泊松偏差",
};

export function metricName(id: string, title: string, language: Language): string {
  return language === "zh" && Object.hasOwn(CHINESE, id) ? CHINESE[id]! : title;
}

import type { Language } from "./texts.js";

/** Words of project files and of trainers that pages show: English pages as they are, Chinese ones in Chinese. */
const CHINESE: Readonly<Record<string, string>> = {
  // kinds of columns
  number: "数值",
  boolean: "是非",
  category: "类别",
  text: "文本",
  datetime: "日期时间",
  id: "标识",
  image: "图像",
  audio: "音频",
  video: "视频",
  vector: "向量",
  ignore: "不使用",
  // roles
  target: "目标",
  feature: "特征",
  weight: "权重",
  time: "时间",
  group: "分组",
  // splits
  stratified: "分层",
  random: "随机",
  columns: "按列指定",
  folds: "交叉验证折",
  // tasks
  binary: "二分类",
  multiclass: "多分类",
  regression: "回归",
  multilabel: "多标签分类",
  tagging: "命名实体识别",
  detection: "目标检测",
  segmentation: "图像分割",
  // ways to calibrate
  isotonic: "保序回归",
  temperature: "温度缩放",
  platt: "Platt 缩放",
  // sizes of models
  trees: "树",
  leaves: "叶节点",
  nodes: "节点",
  parameters: "参数",
  coefficients: "系数",
  nonZero: "非零系数",
  weights: "权重数",
  members: "成员",
  models: "模型",
  rows: "行",
  points: "点",
  outputs: "输出",
  gaussians: "高斯分布",
  supportVectors: "支持向量",
  decisions: "决策函数",
  // measures of training curves
  loss: "损失",
  objective: "目标函数",
};

/** A word that Chinese has none for here stays what it is: it is a key of the reader's own, or of an extension. */
export function word(key: string, language: Language): string {
  return language === "zh" && Object.hasOwn(CHINESE, key) ? CHINESE[key]! : key;
}

/** Where the parts of a name in code are no good name. */
const ENGLISH: Readonly<Record<string, string>> = { nonZero: "Coefficients other than 0" };

/** As `word`, for a name in code that begins a line: `supportVectors` is "Support vectors". */
export function headingOf(key: string, language: Language): string {
  const small = key.charAt(0).toLowerCase() + key.slice(1);
  const said = word(small, language);
  if (said !== small) return said;
  if (Object.hasOwn(ENGLISH, small)) return ENGLISH[small]!;
  const parted = key.replace(
    /([a-z])([A-Z])/g,
    (_, end: string, start: string) => `${end} ${start.toLowerCase()}`,
  );
  return parted.charAt(0).toUpperCase() + parted.slice(1);
}

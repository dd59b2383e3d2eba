import { shortPercent } from "../../../foundation/base/number-text.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { formatCount } from "../findings/wording.js";

/**
 * What a division promises, for Chinese pages.
 * @param isRegression the target is a number, not a class
 * @param sample of the rows to learn from, where a timed training has too many
 */
export function chineseReason(
  config: SplitConfig,
  isRegression: boolean,
  sample?: { readonly rows: number; readonly of: number },
): string {
  const drawn = sample
    ? `可供学习的 ${formatCount(sample.of)} 行中，按内容抽取了 ${formatCount(sample.rows)} 行：再多，时间就只够几棵树。`
    : "";
  return `${promise(config, isRegression)}${sharesOf(config)}。${drawn}`;
}

function promise(config: SplitConfig, isRegression: boolean): string {
  switch (config.kind) {
    case "stratified":
      return isRegression ? "各部分的目标分布相同" : "各部分的类别比例相同";
    case "random":
      return "每行归入哪一部分只取决于该行本身";
    case "group":
      return `同一个“${config.group}”的行只出现在一个部分`;
    case "time":
      return `按“${config.time}”划分，最新的行用于测试`;
    case "columns":
      return `由列“${config.column}”指定每行属于哪一部分`;
    case "folds":
      return `行数较少，共 ${config.folds} 折，每行都由没有见过它的模型测试`;
  }
}

function sharesOf(config: SplitConfig): string {
  if (!("train" in config)) return "";
  return `；训练 ${shortPercent(config.train)}，验证 ${shortPercent(config.validation)}，测试 ${shortPercent(config.test)}`;
}

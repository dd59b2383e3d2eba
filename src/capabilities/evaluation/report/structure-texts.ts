import type { Language } from "../../../engines/pages/texts.js";

interface StructureTexts {
  readonly title: string;
  /** Of the column that shows what was read. */
  readonly text: string;
  /** What the figures of a label count, by task, where it is not rows. */
  readonly counted: Readonly<Record<string, string>>;
  readonly worstNote: string;
  /** By task. */
  readonly worst: Readonly<Record<string, string>>;
}

const TEXTS: Readonly<Record<Language, StructureTexts>> = {
  en: {
    title: "By label, and the worst answers",
    text: "Text",
    counted: { tagging: "Entities", detection: "Objects", segmentation: "Pixels" },
    worstNote: "The rows with the most errors.",
    worst: {
      tagging:
        "The texts with the most errors. Green: right; amber: an entity that was missed; red: one that is not there, or has other ends or another label.",
      detection:
        "The pictures with the most errors, at the score where F1 is greatest. Green: right; amber, dashed: an object that was missed; red, dotted: a box where no such object is.",
      segmentation:
        "The pictures of which the largest share is named wrongly, each class in the colour of the table above.",
      multilabel:
        "The rows with the most labels that are wrong. Green: right; amber: a label that was missed; red: one that does not hold.",
    },
  },
  zh: {
    title: "按标签的结果与最差的回答",
    text: "文本",
    counted: { tagging: "实体数", detection: "物体数", segmentation: "像素数" },
    worstNote: "错误最多的行。",
    worst: {
      tagging: "错误最多的文本。绿色：正确；琥珀色：漏掉的实体；红色：不存在，或边界、标签不对的实体。",
      detection:
        "错误最多的图片（取 F1 最高的分数阈值）。绿色：正确；琥珀色虚线：漏掉的物体；红色点线：该处没有这种物体。",
      segmentation: "标错像素比例最大的图片，颜色见上表。",
      multilabel: "标签错误最多的行。绿色：正确；琥珀色：漏掉的标签；红色：多出的标签。",
    },
  },
};

export const structureTexts = (language: Language): StructureTexts => TEXTS[language];

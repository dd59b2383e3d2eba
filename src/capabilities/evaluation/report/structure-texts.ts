import type { Language } from "../../../engines/pages/texts.js";

interface StructureTexts {
  readonly title: string;
  readonly worstNote: string;
  /** By task. */
  readonly worst: Readonly<Record<string, string>>;
}

const TEXTS: Readonly<Record<Language, StructureTexts>> = {
  en: {
    title: "By label, and the worst answers",
    worstNote: "The rows with the most errors.",
    worst: {
      tagging:
        "The texts with the most errors. Green: right; amber: an entity that was missed; red: one that is not there, or has other ends or another label.",
      detection:
        "The pictures with the most errors, at the score where F1 is greatest. Green: right; amber: an object that was missed; red: a box where no such object is.",
      segmentation: "The pictures of which the largest share is named wrongly, each class in its colour.",
    },
  },
  zh: {
    title: "按标签的结果与最差的回答",
    worstNote: "错误最多的行。",
    worst: {
      tagging: "错误最多的文本。绿色：正确；琥珀色：漏掉的实体；红色：不存在，或边界、标签不对的实体。",
      detection:
        "错误最多的图片（取 F1 最高的分数阈值）。绿色：正确；琥珀色：漏掉的物体；红色：该处没有这种物体。",
      segmentation: "标错像素比例最大的图片，每个类别一种颜色。",
    },
  },
};

export const structureTexts = (language: Language): StructureTexts => TEXTS[language];

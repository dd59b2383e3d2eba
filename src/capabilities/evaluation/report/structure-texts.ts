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
    },
  },
  zh: {
    title: "按标签的结果与最差的回答",
    worstNote: "错误最多的行。",
    worst: {
      tagging: "错误最多的文本。绿色：正确；琥珀色：漏掉的实体；红色：不存在，或边界、标签不对的实体。",
    },
  },
};

export const structureTexts = (language: Language): StructureTexts => TEXTS[language];

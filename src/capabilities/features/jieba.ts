import type { HanSegmenter } from "./host/tokens.js";

/** Chinese word segmentation by jieba with its own dictionary; loads about 20 MB on first use. */
export async function loadHanSegmenter(): Promise<HanSegmenter> {
  const [{ Jieba }, { dict }] = await Promise.all([
    import("@node-rs/jieba"),
    import("@node-rs/jieba/dict.js"),
  ]);
  const jieba = Jieba.withDict(dict);
  return (text) => jieba.cut(text, true);
}

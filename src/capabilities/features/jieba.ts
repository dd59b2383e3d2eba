import { createRequire } from "node:module";
import type { HanSegmenter } from "./host/tokens.js";

/** Chinese word segmentation by jieba with its own dictionary; both are loaded (about 20 MB) at the first text. */
export function createHanSegmenter(): HanSegmenter {
  let cut: HanSegmenter | undefined;
  return (text) => {
    cut ??= loadJieba();
    return cut(text);
  };
}

/** By `require`, which is synchronous: transforms are. */
function loadJieba(): HanSegmenter {
  const require = createRequire(import.meta.url);
  const { Jieba } = require("@node-rs/jieba") as typeof import("@node-rs/jieba");
  const { dict } = require("@node-rs/jieba/dict.js") as typeof import("@node-rs/jieba/dict.js");
  const jieba = Jieba.withDict(dict);
  return (text) => jieba.cut(text, true);
}

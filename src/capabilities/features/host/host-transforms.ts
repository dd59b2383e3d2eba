import type { Transform } from "../../../foundation/contracts/transform.js";
import { hash } from "./hash.js";
import { joinedSubwords } from "./subwords/joined-subwords.js";
import { subwords } from "./subwords/subwords.js";
import { createTokens, type HanSegmenter } from "./tokens.js";
import { wordSubwords } from "./words/word-subwords.js";
import { words } from "./words/words.js";

/** What host transforms need from outside. */
export interface HostServices {
  /** Cuts Chinese into words; absent where it is not available (browsers). */
  readonly segmentHan?: HanSegmenter;
}

/** All host transforms by id. */
export function createHostTransforms({ segmentHan }: HostServices = {}): Map<string, Transform> {
  // A list hides the config and state types: each schema checks its own.
  const all = [
    createTokens(segmentHan),
    hash,
    subwords,
    joinedSubwords,
    words,
    wordSubwords,
  ] as unknown as Transform[];
  return new Map(all.map((transform) => [transform.id, transform]));
}

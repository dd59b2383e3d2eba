import { describe, expect, it } from "vitest";
import { transformSuite } from "../../../../conformance/transform.js";
import { evaluateInGraph as evaluate } from "../../../../conformance/transform-graph.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createRandom } from "../../../foundation/base/random.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import type { Transform } from "../../../foundation/contracts/transform.js";
import { hash } from "../host/hash.js";
import { createTokens } from "../host/tokens.js";
import { float32Values } from "../shared/positions.js";
import { asCategory } from "./as-category.js";
import { bin } from "./bin.js";
import { clip } from "./clip.js";
import { datetime } from "./datetime.js";
import { frequency } from "./frequency.js";
import { impute } from "./impute.js";
import { interact } from "./interact.js";
import { lda } from "./lda.js";
import { log } from "./log.js";
import { minMax } from "./min-max.js";
import { oneHot } from "./one-hot.js";
import { ordinal } from "./ordinal.js";
import { pca } from "./pca.js";
import { quantile } from "./quantile.js";
import { rare } from "./rare.js";
import { robust } from "./robust.js";
import { select } from "./select.js";
import { standard } from "./standard.js";
import { targetEncode } from "./target-encode.js";
import { tfidf } from "./tfidf.js";
import { toFloat32 } from "./to-float32.js";
import { yeoJohnson } from "./yeo-johnson.js";

transformSuite(impute, {
  evaluate,
  configs: [
    {},
    { strategy: "mean", indicator: "always" },
    { strategy: "mode", indicator: "none" },
    { strategy: "constant", value: -1, text: "缺" },
  ],
});
transformSuite(standard, { evaluate, configs: [{}, { center: false }, { scale: false }] });
transformSuite(robust, { evaluate, configs: [{}, { lowerQuantile: 0.05, upperQuantile: 0.95 }] });
transformSuite(minMax, { evaluate, configs: [{}, { low: -1, high: 2, clip: true }] });
transformSuite(clip, { evaluate, configs: [{}, { lowerQuantile: 0.1, upperQuantile: 0.9 }, { low: -2 }] });
transformSuite(log, { evaluate });
transformSuite(toFloat32, { evaluate });
transformSuite(oneHot, { evaluate, configs: [{}, { maximumCategories: 2, missing: "zeros" }] });
transformSuite(ordinal, { evaluate, configs: [{}, { maximumCategories: 3, order: "text" }] });
transformSuite(rare, { evaluate, configs: [{}, { minimumShare: 0.1 }, { maximumCategories: 1 }] });
transformSuite(frequency, { evaluate });
transformSuite(datetime, {
  evaluate,
  configs: [
    {},
    { cyclic: true, indicator: true },
    {
      parts: [
        "year",
        "quarter",
        "month",
        "day",
        "weekday",
        "dayOfYear",
        "weekend",
        "hour",
        "minute",
        "second",
        "days",
      ],
    },
  ],
});
transformSuite(yeoJohnson, { evaluate, configs: [{}, { standardize: false }] });
transformSuite(quantile, { evaluate, configs: [{}, { output: "normal" }, { quantiles: 7 }] });
transformSuite(bin, { evaluate, configs: [{}, { strategy: "uniform", bins: 4, encode: "one-hot" }] });
transformSuite(asCategory, { evaluate });
transformSuite(targetEncode, {
  evaluate,
  configs: [{}, { smoothing: "auto" }, { smoothing: null, folds: 3 }],
});
transformSuite(tfidf, {
  evaluate,
  configs: [
    {},
    { maximumGram: 3, sublinear: true, minimumDocuments: 2 },
    { minimumGram: 2, maximumGram: 2, inverseFrequency: false, normalize: false },
  ],
});
transformSuite(interact, {
  evaluate,
  configs: [{}, { operations: ["ratio", "difference", "square"], maximumOutputs: 12 }],
});
transformSuite(pca, { evaluate, configs: [{}, { components: 3, whiten: true }, { varianceShare: 0.5 }] });
transformSuite(lda, { evaluate });
transformSuite(select, {
  evaluate,
  targets: ["regression", "binary", "multiclass"],
  configs: [
    { maximumFeatures: 3 },
    { score: "chi-square", maximumFeatures: 4 },
    { score: "mutual-information", maximumFeatures: 2 },
    { score: "variance", threshold: 1 },
    { score: "l1", penalty: 0.3 },
  ],
});
transformSuite(
  createTokens((text) => [...text]),
  {
    evaluate,
    configs: [{}, { unit: "character" }, { han: "words", minimumLength: 1, lowerCase: false }],
  },
);
transformSuite(hash, { evaluate, configs: [{}, { buckets: 7, signed: false }] });

describe("any float32", () => {
  /** Random bit patterns: every exponent, denormals, infinities and NaN. */
  const wild = (seed: string): Column => {
    const random = createRandom(seed);
    const bits = Uint32Array.from({ length: 3000 }, () => random.integer(2 ** 32));
    return { kind: "number", values: new Float32Array(bits.buffer) };
  };
  const tame = (seed: string): Column => {
    const random = createRandom(seed);
    return { kind: "number", values: Float32Array.from({ length: 3000 }, () => random.normal() * 3) };
  };
  const frames = [
    createFrame([
      ["a", wild("a")],
      ["b", wild("b")],
    ]),
    createFrame([
      ["a", tame("a")],
      ["b", tame("b")],
    ]),
  ];
  const context = workContext(0);
  const transforms = [impute, standard, robust, minMax, quantile, yeoJohnson, clip, log, bin, interact, pca];
  it.each(transforms.map((transform) => [transform.id, transform as unknown as Transform] as const))(
    "%s is the same in the graph",
    async (_id, transform) => {
      for (const training of frames) {
        const state = transform.fit(training, transform.config.parse({}), context);
        for (const [index, emitted] of (await evaluate(transform, state, frames)).entries()) {
          const applied = [...transform.apply(frames[index]!, state).columns.values()];
          for (const [k, column] of applied.entries()) {
            const expected = float32Values(column);
            const actual = emitted[k]!.values as Float32Array;
            const worst = expected.reduce(
              (most, value, i) => Math.max(most, difference(value, actual[i]!)),
              0,
            );
            expect(worst).toBeLessThanOrEqual(1e-5);
          }
        }
      }
    },
  );
});

function difference(expected: number, actual: number): number {
  if (Object.is(expected, actual) || expected === actual) return 0;
  const distance = Math.abs(expected - actual) / Math.max(1, Math.abs(expected));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

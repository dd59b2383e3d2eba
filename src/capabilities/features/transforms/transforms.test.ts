import { describeTransform } from "../../../../conformance/transform.js";
import { evaluateInGraph as evaluate } from "../../../../conformance/transform-graph.js";
import { clip } from "./clip.js";
import { datetime } from "./datetime.js";
import { frequency } from "./frequency.js";
import { impute } from "./impute.js";
import { log } from "./log.js";
import { minMax } from "./min-max.js";
import { oneHot } from "./one-hot.js";
import { ordinal } from "./ordinal.js";
import { rare } from "./rare.js";
import { robust } from "./robust.js";
import { standard } from "./standard.js";
import { toFloat32 } from "./to-float32.js";

describeTransform(impute, {
  evaluate,
  configs: [
    {},
    { strategy: "mean", indicator: "always" },
    { strategy: "mode", indicator: "none" },
    { strategy: "constant", value: -1, text: "缺" },
  ],
});
describeTransform(standard, { evaluate, configs: [{}, { center: false }, { scale: false }] });
describeTransform(robust, { evaluate, configs: [{}, { lowerQuantile: 0.05, upperQuantile: 0.95 }] });
describeTransform(minMax, { evaluate, configs: [{}, { low: -1, high: 2, clip: true }] });
describeTransform(clip, { evaluate, configs: [{}, { lowerQuantile: 0.1, upperQuantile: 0.9 }, { low: -2 }] });
describeTransform(log, { evaluate });
describeTransform(toFloat32, { evaluate });
describeTransform(oneHot, { evaluate, configs: [{}, { maximumCategories: 2, missing: "zeros" }] });
describeTransform(ordinal, { evaluate, configs: [{}, { maximumCategories: 3, order: "text" }] });
describeTransform(rare, { evaluate, configs: [{}, { minimumShare: 0.1 }, { maximumCategories: 1 }] });
describeTransform(frequency, { evaluate });
describeTransform(datetime, {
  evaluate,
  configs: [
    {},
    { cyclic: true },
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

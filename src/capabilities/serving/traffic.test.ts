import { describe, expect, it } from "vitest";
import { createRandom } from "../../foundation/base/random.js";
import { deploymentSchema } from "../../foundation/contracts/deployment.js";
import type { Prediction } from "../../foundation/contracts/prediction.js";
import type { ModelPool, ServedModel, TrafficRouter } from "../../foundation/contracts/serving.js";
import { Traffic } from "./traffic.js";

function setUp(deployment: object) {
  let now = 0;
  const opened = new Map<string, ServedModel>();
  const get = (name: string, version?: number | string) => {
    const key = `${name}@${version}`;
    const model = opened.get(key) ?? ({ key, state: "ready", busyRows: 0 } as unknown as ServedModel);
    opened.set(key, model);
    return model;
  };
  const traffic = new Traffic({ get } as unknown as ModelPool, { now: () => now, elapsed: () => now });
  traffic.deploy("churn", deploymentSchema.parse(deployment));
  const route = (subject: string) => traffic.route("churn", subject)!;
  const answered = (subject: string) => (route(subject).model as unknown as { key: string }).key;
  /** Answers taken in turn by subjects, each as slow as said. */
  const serve = (requests: number, outcome: (key: string) => { ms: number; failed: boolean }) => {
    for (let k = 0; k < requests; k++) {
      const routed = route(`subject ${k}`);
      const { ms, failed } = outcome((routed.model as unknown as { key: string }).key);
      now += ms;
      routed.settle(failed);
    }
  };
  return { traffic, answered, serve, route, advance: (ms: number) => (now += ms) };
}
const variants = (a: number, b: number) => [
  { model: "churn@1", weight: a },
  { model: "churn@2", weight: b },
];

describe("requirement 20: sticky weighted routing", () => {
  it.each([0, 5, 10, 50, 95, 100])(
    "gives %d %% their share within 99.9 %% binomial bounds, whoever asks",
    (percent) => {
      const { answered } = setUp({ variants: variants(100 - percent, percent) });
      const count = 20_000;
      for (const write of [
        (k: number) => `${k}`,
        (k: number) => `customer-${1e6 + k}`,
        (k: number) => `a${k}@x.org`,
      ]) {
        let second = 0;
        for (let k = 0; k < count; k++) if (answered(write(k)) === "churn@2") second++;
        const share = percent / 100;
        const bound = 3.29 * Math.sqrt(count * share * (1 - share));
        expect(Math.abs(second - count * share)).toBeLessThanOrEqual(bound);
      }
    },
  );

  it("answers a subject by the same version, and moves only those whose share moved", () => {
    const before = setUp({ variants: variants(90, 10) });
    const after = setUp({ variants: variants(75, 25) });
    for (let k = 0; k < 1000; k++) {
      const subject = `subject ${k}`;
      expect(before.answered(subject)).toBe(before.answered(subject));
      if (before.answered(subject) === "churn@2") expect(after.answered(subject)).toBe("churn@2");
    }
  });

  it("leaves names without a deployment alone, and ends one", () => {
    const { traffic } = setUp({ variants: variants(1, 1) });
    expect(traffic.route("other", "x")).toBeUndefined();
    traffic.deploy("churn", null);
    expect(traffic.route("churn", "x")).toBeUndefined();
  });

  it("leaves out shadows that have enough to do", () => {
    const { route } = setUp({ variants: variants(1, 0), shadows: ["churn@3"] });
    const [shadow] = route("x").shadows;
    (shadow as { busyRows: number }).busyRows = 5;
    expect(route("x").shadows).toEqual([]);
  });
});

describe("canary", () => {
  const canary = { minimumRequests: 20, stepSeconds: 10, maximumErrorRate: 0.05, maximumLatencyRatio: 2 };
  const half = { variants: variants(50, 50), canary };
  it("goes on after enough requests and time", () => {
    const { traffic, serve, advance } = setUp(half);
    serve(100, () => ({ ms: 1, failed: false }));
    expect(traffic.judge("churn").decision).toBe("stay");
    advance(10_000);
    expect(traffic.judge("churn").decision).toBe("on");
  });
  it("goes back when the candidate fails, before the step is full", () => {
    const { traffic, serve } = setUp(half);
    serve(20, (key) => ({ ms: 1, failed: key === "churn@2" }));
    expect(traffic.judge("churn")).toMatchObject({
      decision: "back",
      reason: expect.stringMatching("failed"),
    });
  });
  it("goes back when the candidate is slow", () => {
    const { traffic, serve } = setUp(half);
    serve(200, (key) => ({ ms: key === "churn@2" ? 9 : 1, failed: false }));
    expect(traffic.judge("churn")).toMatchObject({
      decision: "back",
      reason: expect.stringMatching("latency"),
    });
  });
  /** Answers of both variants to people dealt out by chance; the candidate's are moved by so much. */
  const answers = (moved: number, people: number, seed: string, values: (value: number) => Prediction) => {
    const { traffic, route } = setUp(half);
    const random = createRandom(seed);
    let back: string | undefined;
    for (let k = 0; k < people && back === undefined; k++) {
      const routed = route(`person ${k}`);
      expect(routed.isCompared).toBe(true);
      const isCandidate = (routed.model as unknown as { key: string }).key === "churn@2";
      routed.settle(false, values(random.normal() + (isCandidate ? moved : 0)));
      // It is looked at all the time.
      const verdict = traffic.judge("churn");
      if (verdict.decision === "back") back = verdict.reason;
    }
    return back;
  };
  const number = (prediction: number): Prediction => ({ prediction });
  const classes = (value: number): Prediction => {
    const yes = 1 / (1 + Math.exp(-value));
    return { label: yes > 0.5 ? "yes" : "no", probabilities: { no: 1 - yes, yes } };
  };
  it.each([
    ["numbers", number],
    ["classes", classes],
  ])("requirement 20: goes back when its answers drift away from the other's: %s", (_, values) => {
    // Shifted by 1.5 standard deviations: the distance is 2 Φ(0.75) - 1 = 0.55.
    expect(answers(1.5, 2000, "far", values)).toMatch("distributed otherwise");
    // 0.3 are a distance of 0.12, which is allowed.
    expect(answers(0.3, 8000, "near", values)).toBeUndefined();
  });
  it("never takes equal answers for drift, looked at after each of them", () => {
    for (let run = 0; run < 40; run++) expect(answers(0, 500, `same ${run}`, classes)).toBeUndefined();
  });
  it("counts whoever asks often once", () => {
    const { traffic, route } = setUp(half);
    for (let k = 0; k < 2000; k++) {
      const routed = route(`subject ${k % 2 ? 0 : k}`);
      routed.settle(false, { prediction: k % 2 ? 100 : (k * 7919) % 13 });
    }
    expect(traffic.judge("churn").decision).toBe("stay");
  });
  describe("in several processes", () => {
    const all = { variants: variants(0, 100), canary };
    /** As it passes between processes. */
    const tell = (from: TrafficRouter, to: TrafficRouter) => {
      const evidence = from.takeEvidence("churn");
      if (evidence) to.addEvidence(JSON.parse(JSON.stringify(evidence)));
    };
    /** One of 15 requests fails: alone too little to say anything. */
    const few = () => {
      const process = setUp(all);
      expect(process.traffic.takeEvidence("churn")).toBeUndefined();
      let served = 0;
      process.serve(15, () => ({ ms: 1, failed: served++ === 7 }));
      expect(process.traffic.judge("churn").decision).toBe("stay");
      return process;
    };
    it("is judged by what it did in all of them, which is told once", () => {
      const [here, there] = [few(), few()];
      tell(there.traffic, here.traffic);
      expect(here.traffic.judge("churn")).toEqual({
        decision: "back",
        reason: "6.7% of 30 requests failed",
      });
      expect(there.traffic.takeEvidence("churn")).toBeUndefined();
      tell(here.traffic, there.traffic);
      expect(there.traffic.judge("churn")).toEqual({
        decision: "back",
        reason: "6.7% of 30 requests failed",
      });
    });
    it("is not judged by what it did before its share changed", () => {
      const [here, there] = [few(), few()];
      there.traffic.deploy("churn", deploymentSchema.parse(all), 2);
      tell(here.traffic, there.traffic);
      there.serve(20, () => ({ ms: 1, failed: false }));
      there.advance(10_000);
      expect(there.traffic.judge("churn").decision).toBe("on");
    });
    it("goes back when its answers drift, which no process saw enough of to say", () => {
      const processes = Array.from({ length: 4 }, () => setUp(half));
      const random = createRandom("four");
      for (const [at, { traffic, route }] of processes.entries()) {
        traffic.takeEvidence("churn");
        for (let k = 0; k < 100; k++) {
          const routed = route(`person ${at} ${k}`);
          const isCandidate = (routed.model as unknown as { key: string }).key === "churn@2";
          routed.settle(false, number(random.normal() + (isCandidate ? 2 : 0)));
        }
      }
      const [here, ...others] = processes.map(({ traffic }) => traffic);
      for (const other of others) tell(other, here!);
      expect(here!.judge("churn")).toMatchObject({
        decision: "back",
        reason: expect.stringMatching("distributed otherwise"),
      });
    });
  });
  it("does not blame the candidate for what the other does", () => {
    const { traffic, serve } = setUp(half);
    serve(200, (key) => ({ ms: key === "churn@1" ? 9 : 1, failed: key === "churn@1" }));
    expect(traffic.judge("churn").decision).toBe("stay");
  });
});

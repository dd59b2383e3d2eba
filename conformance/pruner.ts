/** What every pruner must hold, built in or not. Call it inside a test file: `prunerSuite(pruner)`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pruner, PrunerRequest } from "../src/foundation/contracts/pruner.js";
import type { IntermediateValue, Observation } from "../src/foundation/contracts/sampler.js";

const report = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -20, max: 20 }) }, fc.constant(Number.NaN));
const steps = fc
  .array(report, { maxLength: 12 })
  .map((values): IntermediateValue[] => values.map((value, k) => ({ step: k + 1, value: value / 4 })));
const peers = fc
  .array(fc.tuple(steps, fc.constantFrom<Observation["state"]>("complete", "pruned", "failed")), {
    maxLength: 25,
  })
  .map((trials) =>
    trials.map(([reports, state], number): Observation => {
      const value = state === "failed" ? Number.NaN : (reports.at(-1)?.value ?? Number.NaN);
      return { number, configuration: {}, state, value, steps: reports, seconds: 1 };
    }),
  );
const request = fc
  .tuple(steps, peers)
  .map(([reports, finished]) => ({ trial: { number: finished.length, steps: reports }, peers: finished }));

export function prunerSuite(pruner: Pruner): void {
  const config = pruner.config.parse({});
  const prune = (asked: Omit<PrunerRequest, "config">) => pruner.prune({ ...asked, config });

  describe(`pruner ${pruner.id}`, () => {
    it("is described, has a default for every setting and refuses unknown ones", () => {
      expect(pruner.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(pruner.summary.length).toBeGreaterThan(10);
      expect(pruner.version).toBeGreaterThanOrEqual(1);
      expect(() => pruner.config.parse({ "no such setting": 1 })).toThrow();
    });

    it("decides the same again and changes nothing it is given", () => {
      fc.assert(
        fc.property(request, (asked) => {
          const before = JSON.stringify(asked);
          const decision = prune(asked);
          expect(typeof decision).toBe("boolean");
          expect(prune(structuredClone(asked))).toBe(decision);
          expect(JSON.stringify(asked)).toBe(before);
        }),
      );
    });

    it("never stops a trial without a report or without rivals, nor one that leads at every step", () => {
      fc.assert(
        fc.property(request, ({ trial, peers }) => {
          expect(prune({ trial: { ...trial, steps: [] }, peers })).toBe(false);
          const finite = trial.steps.map(({ step, value }) => ({
            step,
            value: Number.isNaN(value) ? 0 : value,
          }));
          expect(prune({ trial: { ...trial, steps: finite }, peers: [] })).toBe(false);
          const leading = finite.map(({ step }) => ({ step, value: -100 }));
          expect(prune({ trial: { ...trial, steps: leading }, peers })).toBe(false);
        }),
      );
    });

    it("does not depend on the scale or the offset of the value", () => {
      fc.assert(
        fc.property(request, ({ trial, peers }) => {
          const move = (values: readonly IntermediateValue[]) =>
            values.map(({ step, value }) => ({ step, value: 8 * value + 64 }));
          const moved = peers.map((peer) => ({
            ...peer,
            value: 8 * peer.value + 64,
            steps: move(peer.steps),
          }));
          expect(prune({ trial: { ...trial, steps: move(trial.steps) }, peers: moved })).toBe(
            prune({ trial, peers }),
          );
        }),
      );
    });

    it("remains usable among 10,000 trials", () => {
      const many = Array.from({ length: 10_000 }, (_, number): Observation => {
        const reports = Array.from({ length: 10 }, (__, k) => ({
          step: k + 1,
          value: (number * 7919) % 101,
        }));
        return {
          number,
          configuration: {},
          state: "complete",
          value: reports[0]!.value,
          steps: reports,
          seconds: 1,
        };
      });
      const own = many[0]!.steps;
      for (let k = 1; k <= own.length; k++)
        prune({ trial: { number: 10_000, steps: own.slice(0, k) }, peers: many });
    }, 5_000);
  });
}

/** What every store must remember of models in use. */
import { expect, it } from "vitest";
import type { Context } from "./store.js";

const HOUR_MS = 3_600_000;

export function monitoring(current: () => Context): void {
  it("takes the segments of a journal once, and forgets what is too old", async () => {
    const { store } = current();
    const blob = await store.blobs.put(Buffer.from("rows"));
    const segment = { blob, source: "j1", model: "churn", version: 1, rows: 9, redacted: ["name"] };
    await store.monitoring.addSegments("j1", [{ ...segment, firstAt: 10, lastAt: 20 }]);
    await store.monitoring.addSegments("j1", [{ ...segment, firstAt: 10, lastAt: 20 }]);
    await store.monitoring.addSegments("j2", [{ ...segment, source: "j2", firstAt: 30, lastAt: 40 }]);
    const list = (query: object) => store.monitoring.segments({ model: "churn", ...query });
    expect(await list({})).toHaveLength(2);
    expect(await list({ version: 2 })).toEqual([]);
    expect(await list({ from: 21 })).toEqual([{ ...segment, source: "j2", firstAt: 30, lastAt: 40 }]);
    expect(await list({ to: 30 })).toMatchObject([{ source: "j1" }]);
    expect(await store.monitoring.expire(25)).toBe(1);
    expect(await list({})).toMatchObject([{ source: "j2" }]);
  });

  it("requirement 23: joins feedback by prediction: told twice it is one, and the word observed last holds in any order", async () => {
    const { store, opened } = current();
    const add = (id: string, actual: string, observedAt: number) =>
      store.monitoring.addFeedback("churn", [{ id, actual, observedAt }]);
    expect(await add("a", "yes", 10)).toEqual({ added: 1, corrected: 0, repeated: 0 });
    expect(await add("a", "yes", 10)).toEqual({ added: 0, corrected: 0, repeated: 1 });
    expect(await add("a", "no", 30)).toEqual({ added: 0, corrected: 1, repeated: 0 });
    expect(await add("a", "yes", 20)).toEqual({ added: 0, corrected: 0, repeated: 1 });
    await store.monitoring.addFeedback("other", [{ id: "a", actual: "3", observedAt: 1 }]);
    const again = await opened.reopen();
    const found = await again.monitoring.feedbackFor("churn", ["a", "b"]);
    expect([...found.values()]).toEqual([{ id: "a", actual: "no", observedAt: 30 }]);
    expect(await again.monitoring.feedbackRows("churn")).toBe(1);
    await again.close();
  });

  it("tells an alert once, again after a while, and says when it is over", async () => {
    const { store, advance } = current();
    const drift = {
      key: "drift",
      severity: "ticket" as const,
      message: "age moved",
      evidence: { effect: 0.2 },
    };
    const reconcile = (conditions: (typeof drift)[]) =>
      store.monitoring.reconcileAlerts("churn", conditions, 24 * HOUR_MS);
    expect((await reconcile([drift])).toNotify).toMatchObject([{ key: "drift", times: 1 }]);
    advance(HOUR_MS);
    const second = await reconcile([drift]);
    expect(second.toNotify).toEqual([]);
    expect(second.open).toMatchObject([{ times: 2, resolvedAt: null, evidence: { effect: 0.2 } }]);
    advance(24 * HOUR_MS);
    expect((await reconcile([drift])).toNotify).toHaveLength(1);
    expect((await reconcile([])).resolved).toMatchObject([{ key: "drift", times: 3 }]);
    expect((await reconcile([])).resolved).toEqual([]);
    expect((await reconcile([drift])).toNotify).toMatchObject([{ times: 1 }]);
  });

  it("keeps decisions with their evidence, newest first", async () => {
    const { store } = current();
    const decide = (verdict: string) =>
      store.monitoring.decide({
        ...{ model: "churn", kind: "retrain", verdict, reason: "drift", evidence: { pValue: 0.01 } },
      });
    await decide("rejected");
    await decide("promoted");
    const found = await store.monitoring.decisions("churn");
    expect(found.map(({ verdict }) => verdict)).toEqual(["promoted", "rejected"]);
    expect(found[0]).toMatchObject({ evidence: { pValue: 0.01 }, decidedAt: Date.UTC(2026, 0, 1) });
    expect(await store.monitoring.decisions("churn", 1)).toHaveLength(1);
  });
}

/** What every store must do for a study: a run whose trials are proposed, claimed by processes and finished. */
import { expect, it } from "vitest";
import type { Trial, TrialLease } from "../src/foundation/contracts/store.js";
import type { Context } from "./store.js";

const STUDY = { kind: "train", name: "churn", config: {}, seed: 7 };
const OUTCOME = { state: "done", value: 0.5, seconds: 2, document: { depth: 6 } } as const;
const HOUR_MS = 3_600_000;

const waiting = (count: number): Trial[] =>
  Array.from({ length: count }, (_, number) => ({
    ...{ number, trainer: "gbdt", state: "waiting" as const, value: null, seconds: 0 },
    document: { depth: number },
  }));

const numbers = (trials: readonly { readonly number: number }[]): number[] =>
  trials.map(({ number }) => number);

export function studies(current: () => Context): void {
  it("gives each waiting trial to one process, lowest numbers first, and keeps what it says", async () => {
    const { store, opened } = current();
    const study = await store.runs.start(STUDY);
    await study.addTrials(waiting(20));
    const second = await opened.reopen();
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? store : second).runs.claimTrials(study.id, 2)),
    );
    const leases = claims.flat();
    expect(numbers(leases.map(({ trial }) => trial)).toSorted((a, b) => a - b)).toEqual(numbers(waiting(20)));
    expect(leases[0]!.trial).toEqual({ ...waiting(20)[0], state: "running" });
    for (const lease of leases) {
      await lease.report(0, 0.25);
      await lease.report(1, lease.trial.number);
      await lease.finish({ ...OUTCOME, value: lease.trial.number });
    }
    expect((await store.runs.trials(study.id))[3]).toEqual({
      ...{ ...OUTCOME, number: 3, trainer: "gbdt", value: 3 },
      intermediate: [
        [0, 0.25],
        [1, 3],
      ],
    });
    expect(await store.runs.claimTrials(study.id, 1)).toEqual([]);
    await expect(leases[0]!.finish(OUTCOME)).rejects.toMatchObject({ code: "LEASE_LOST" });
    await expect(store.runs.claimTrials("none", 1)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    await study.finish({});
    expect(await store.runs.claimTrials(study.id, 1)).toEqual([]);
    await second.close();
  });

  it("lets the trial of a process that died wait again, and refuses what that process still says", async () => {
    const { store, advance } = current();
    const study = await store.runs.start(STUDY);
    await study.addTrials(waiting(1));
    const [lost] = await store.runs.claimTrials(study.id, 1);
    expect(await store.runs.claimTrials(study.id, 1)).toEqual([]);
    advance(HOUR_MS);
    await study.report({ stage: "alive", done: 0, total: 1 });
    expect((await store.doctor()).find(({ id }) => id === "trials")).toMatchObject({ ok: false });
    const [taken] = await store.runs.claimTrials(study.id, 1);
    await expectLost(lost!);
    await taken!.release();
    const [again] = await store.runs.claimTrials(study.id, 1);
    await expectLost(taken!);
    await again!.finish(OUTCOME);
    expect((await store.runs.trials(study.id))[0]).toMatchObject(OUTCOME);
    expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
  });

  it("fences off whoever works on a trial that the study's owner replaces", async () => {
    const { store } = current();
    const study = await store.runs.start(STUDY);
    await study.addTrials(waiting(1));
    const [lease] = await store.runs.claimTrials(study.id, 1);
    await study.addTrials([{ ...waiting(1)[0]!, state: "pruned", intermediate: [[2, 0.1]] }]);
    await expectLost(lease!);
    expect(await store.runs.trials(study.id)).toMatchObject([{ state: "pruned", intermediate: [[2, 0.1]] }]);
  });

  it("lets the owner's own trials wait again when it ends early or dies", async () => {
    const { store, advance } = current();
    const study = await store.runs.start(STUDY);
    const running = (number: number): Trial => ({ ...waiting(1)[0]!, number, state: "running" });
    const states = async () => (await store.runs.trialCurve(study.id)).map(({ state }) => state);
    await study.addTrials([running(0), { ...running(1), ...OUTCOME, document: {} }]);
    await study.interrupt();
    expect(await states()).toEqual(["waiting", "done"]);
    const resumed = await store.runs.resume(study.id);
    await resumed.addTrials([running(0)]);
    expect(await states()).toEqual(["running", "done"]);
    advance(HOUR_MS);
    const again = await store.runs.resume(study.id);
    expect(await states()).toEqual(["waiting", "done"]);
    await expect(resumed.addTrials([running(0)])).rejects.toMatchObject({ code: "LEASE_LOST" });
    await again.finish({});
  });

  it("pages through ten thousand trials and gives their curve", async () => {
    const { store } = current();
    const study = await store.runs.start(STUDY);
    const trials = waiting(10_000).map((trial) => ({ ...trial, ...OUTCOME, value: trial.number / 3 }));
    await study.addTrials(trials);
    expect(await store.runs.trials(study.id, { from: 9_990, limit: 5 })).toEqual(trials.slice(9_990, 9_995));
    const curve = await store.runs.trialCurve(study.id);
    expect(curve).toHaveLength(10_000);
    expect(curve[42]).toEqual({ number: 42, trainer: "gbdt", state: "done", value: 14, seconds: 2 });
    expect(await store.runs.trials(study.id)).toEqual(trials);
  });
}

async function expectLost(lease: TrialLease): Promise<void> {
  const lost = { code: "LEASE_LOST" };
  await expect(lease.report(0, 1)).rejects.toMatchObject(lost);
  await expect(lease.finish(OUTCOME)).rejects.toMatchObject(lost);
  await expect(lease.release()).rejects.toMatchObject(lost);
}

import { describe, expect, it } from "vitest";
import { Batcher, type BatcherOptions } from "./batcher.js";
import type { Tensors } from "./tensor-batch.js";

describe("batching", () => {
  const row = (value: number): Tensors => ({
    x: { type: "float32", shape: [1, 1], data: Float32Array.of(value) },
  });
  interface Held {
    readonly rows: number;
    finish(): void;
  }
  const setUp = (change: Partial<BatcherOptions> = {}) => {
    const held: Held[] = [];
    const refused: string[] = [];
    let now = 0;
    const batcher = new Batcher({
      clock: { now: () => now, elapsed: () => now },
      maximumBatchRows: 4,
      run: ({ x }) =>
        new Promise((resolve) => held.push({ rows: x!.shape[0]!, finish: () => resolve({ y: x! }) })),
      onBatch: () => undefined,
      onRefused: (reason) => refused.push(reason),
      ...change,
    });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    const advance = (ms: number): void => {
      now += ms;
    };
    return { batcher, held, refused, turn, advance };
  };
  const answer = (promise: Promise<Tensors>) => promise.then(({ y }) => y!.data[0]);

  it("joins what arrives in one turn, up to the limit, and gives each caller its rows", async () => {
    const { batcher, held, turn } = setUp();
    const answers = [1, 2, 3, 4, 5, 6].map((value) => answer(batcher.submit(row(value), ["y"], 1)));
    await turn();
    expect(held.map(({ rows }) => rows)).toEqual([4, 2]);
    for (const batch of held) batch.finish();
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("requirement 18: computes nothing for callers that left or whose time ran out", async () => {
    const { batcher, held, refused, turn, advance } = setUp();
    const first = Array.from({ length: 8 }, (_, value) => answer(batcher.submit(row(value), ["y"], 1)));
    await turn();
    const caller = new AbortController();
    const left = batcher.submit(row(1), ["y"], 1, { signal: caller.signal });
    const late = batcher.submit(row(2), ["y"], 1, { deadlineMs: 10 });
    const patient = answer(batcher.submit(row(3), ["y"], 1));
    caller.abort();
    advance(20);
    await expect(left).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(refused.toSorted()).toEqual(["cancelled", "deadline"]);
    for (const batch of held.slice(0, 2)) batch.finish();
    await Promise.all(first);
    await turn();
    expect(held.slice(2).map(({ rows }) => rows)).toEqual([1]);
    held[2]!.finish();
    expect(await patient).toBe(3);
    expect(batcher.busyRows).toBe(0);
  });
  it("drains: finishes what it has, takes nothing new, gives up after the time allowed", async () => {
    const { batcher, held, turn } = setUp();
    const answers = [1, 2, 3, 4, 5].map((value) => batcher.submit(row(value), ["y"], 1));
    await turn();
    const drained = batcher.drain(10_000);
    await expect(batcher.submit(row(1), ["y"], 1)).rejects.toMatchObject({ code: "OVERLOADED" });
    for (const batch of held) batch.finish();
    await drained;
    expect(await Promise.all(answers)).toHaveLength(5);
    await batcher.drain(10_000);
  });
  it("requirement 17: fails the callers of a failed batch and no others", async () => {
    let calls = 0;
    const { batcher } = setUp({
      run: async ({ x }) => {
        if (calls++ === 0) throw new Error("thread died");
        return { y: x! };
      },
    });
    await expect(batcher.submit(row(1), ["y"], 1)).rejects.toThrow("thread died");
    expect(await answer(batcher.submit(row(2), ["y"], 1))).toBe(2);
  });
  it("learns nothing of what a row takes from a request without one", async () => {
    const { batcher, held, turn, advance } = setUp();
    const before = batcher.secondsPerRow;
    const none = batcher.submit(
      { x: { type: "float32", shape: [0, 1], data: new Float32Array(0) } },
      ["y"],
      0,
    );
    await turn();
    advance(3);
    held[0]!.finish();
    expect((await none).y!.shape).toEqual([0, 1]);
    expect(batcher.secondsPerRow).toBe(before);
  });
  it("answers at once, beside a queue, where a row costs least that way, and keeps every refusal", async () => {
    const refused: string[] = [];
    const direct = { rows: 2, isCheapestUnderLoad: true, run: ({ x }: Tensors) => ({ y: x! }) };
    const { batcher, held, turn, advance } = setUp({ onRefused: (reason) => refused.push(reason) });
    batcher.direct = direct;
    const slow = batcher.submit(
      { x: { type: "float32", shape: [3, 1], data: new Float32Array(3) } },
      ["y"],
      3,
    );
    await turn();
    expect(held.map(({ rows }) => rows)).toEqual([3]);
    expect(await answer(batcher.submit(row(4), ["y"], 1))).toBe(4);
    expect(batcher.compute(1, {}, () => "now")).toBe("now");
    advance(20);
    const unwanted = [{ signal: { aborted: true } }, { deadlineMs: 10 }];
    for (const options of unwanted) expect(() => batcher.compute(1, options, () => "now")).toThrow();
    expect(refused).toEqual(["cancelled", "deadline"]);
    const drained = batcher.drain(10_000);
    expect(() => batcher.compute(1, {}, () => "now")).toThrow(/taken down/);
    held[0]!.finish();
    await Promise.all([slow, drained]);
  });
});

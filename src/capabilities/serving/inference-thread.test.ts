import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import type { InferenceReply, InferenceRequest, RunMessage } from "./inference-messages.js";
import { InferenceThread } from "./inference-thread.js";
import type { Tensors } from "./tensor-batch.js";

/** A thread that answers with its inputs, or dies at what it is given. */
class FakeWorker extends EventEmitter {
  readonly #diesAt: (message: RunMessage) => boolean;

  constructor(diesAt: (message: RunMessage) => boolean) {
    super();
    this.#diesAt = diesAt;
    this.#say({ kind: "ready", inputs: [], outputs: [], comfortableRows: 64 });
  }

  #isDead = false;

  postMessage(message: InferenceRequest): void {
    if (this.#isDead) return;
    if ("end" in message) this.die();
    else if (this.#diesAt(message)) this.die();
    else this.#say({ kind: "done", id: message.id, outputs: structuredClone(message.inputs) });
  }

  die(): void {
    this.#isDead = true;
    setImmediate(() => this.emit("exit", 1));
  }

  #say(reply: InferenceReply): void {
    setImmediate(() => this.#isDead || this.emit("message", reply));
  }
}

const row = (value: number): Tensors => ({
  x: { type: "float32", shape: [1, 1], data: Float32Array.of(value) },
});

async function open(diesAt: (message: RunMessage, thread: number) => boolean) {
  const workers: FakeWorker[] = [];
  const thread = await InferenceThread.open({ model: new Uint8Array(), threads: 1 }, () => {
    const number = workers.length;
    const worker = new FakeWorker((message) => diesAt(message, number));
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { thread, workers };
}

describe("a thread that dies", () => {
  it("loses nothing: the next one computes what was under way", async () => {
    const { thread, workers } = await open((_, number) => number === 0);
    const answers = await Promise.all([1, 2, 3].map((value) => thread.run(row(value), ["x"])));
    expect(answers.map(({ x }) => x!.data[0])).toEqual([1, 2, 3]);
    expect(workers).toHaveLength(2);
  });
  it("may take its successor with it, before that one is ready", async () => {
    const { thread, workers } = await open((_, number) => number === 0);
    const answer = thread.run(row(1), ["x"]);
    await vi.waitFor(() => expect(workers).toHaveLength(2));
    workers[1]!.die();
    const later = thread.run(row(2), ["x"]);
    expect([(await answer).x!.data[0], (await later).x!.data[0]]).toEqual([1, 2]);
    expect(workers).toHaveLength(3);
    expect(thread.failure).toBeUndefined();
  });
  it("is not fed for ever with what kills it; others are answered", async () => {
    const { thread, workers } = await open(({ inputs }) => inputs.x!.data[0] === 13);
    await expect(thread.run(row(13), ["x"])).rejects.toThrow("ended with code 1");
    expect(workers).toHaveLength(4);
    expect((await thread.run(row(1), ["x"])).x!.data[0]).toBe(1);
    expect(thread.failure).toBeUndefined();
  });
  it("is given up when it dies again and again, but not for deaths long ago", async () => {
    const { thread, workers } = await open(({ inputs }) => inputs.x!.data[0] === 13);
    for (let turn = 0; turn < 3; turn++) {
      await thread.run(row(1), ["x"]);
      await expect(thread.run(row(13), ["x"])).rejects.toThrow();
    }
    expect(thread.failure).toBeUndefined();
    expect(workers).toHaveLength(10);
    for (let turn = 0; turn < 3; turn++) await thread.run(row(13), ["x"]).catch(() => undefined);
    expect(thread.failure).toBeDefined();
    await expect(thread.run(row(1), ["x"])).rejects.toThrow();
  });
});

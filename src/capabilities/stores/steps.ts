import type { Kysely } from "kysely";
import type { StepStore, StoredStep } from "../../foundation/contracts/store.js";
import { type Backend, blobsUsed, useBlobs } from "./backend.js";
import type { Tables } from "./tables.js";

export function createSteps({ db, progress, blobs, clock }: Backend): StepStore {
  const rowOf = (source: Kysely<Tables>, key: string) =>
    source
      .selectFrom("steps")
      .select(["key", "step", "output", "seconds"])
      .where("key", "=", key)
      .executeTakeFirst();

  /** The record, with whether its blobs verify. */
  async function lookUp(key: string): Promise<{ step: StoredStep; holds: boolean } | undefined> {
    const row = await rowOf(db, key);
    if (!row) return undefined;
    const uses = Object.values(await blobsUsed(db, "step", key));
    let holds = uses.length > 0;
    for (const hash of uses) holds &&= (await blobs.verify(hash)) === "ok";
    return { step: { ...row, references: uses.filter((hash) => hash !== row.output) }, holds };
  }

  async function find(key: string): Promise<StoredStep | undefined> {
    const earlier = await lookUp(key);
    return earlier?.holds ? earlier.step : undefined;
  }

  return {
    find,
    async record(step) {
      const earlier = await lookUp(step.key);
      if (earlier?.holds) return earlier.step;
      const { references, ...row } = step;
      const written = await progress.transaction().execute(async (transaction) => {
        // Another process may have recorded the step since the look above; a record that was damaged then is replaced.
        const now = await rowOf(transaction, step.key);
        if (now && now.output !== earlier?.step.output) return false;
        await transaction
          .insertInto("steps")
          .values({ ...row, createdAt: clock.now() })
          .onConflict((conflict) =>
            conflict.column("key").doUpdateSet({ output: row.output, seconds: row.seconds }),
          )
          .execute();
        const roles = references.map((hash, index) => [`reference-${index}`, hash] as const);
        await useBlobs(transaction, "step", step.key, { output: step.output, ...Object.fromEntries(roles) });
        return true;
      });
      return written ? step : ((await find(step.key)) ?? step);
    },
  };
}

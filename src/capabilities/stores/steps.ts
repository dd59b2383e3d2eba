import type { StepStore, StoredStep } from "../../foundation/contracts/store.js";
import { type Backend, blobsUsed, useBlobs } from "./backend.js";

export function createSteps({ db, blobs, clock }: Backend): StepStore {
  async function find(key: string): Promise<StoredStep | undefined> {
    const row = await db
      .selectFrom("steps")
      .select(["key", "step", "output", "seconds"])
      .where("key", "=", key)
      .executeTakeFirst();
    if (!row) return undefined;
    const uses = Object.values(await blobsUsed(db, "step", key));
    for (const hash of uses) {
      if ((await blobs.verify(hash)) !== "ok") return undefined;
    }
    return { ...row, references: uses.filter((hash) => hash !== row.output) };
  }

  return {
    find,
    async record(step) {
      const earlier = await find(step.key);
      if (earlier) return earlier;
      const { references, ...row } = step;
      await db.transaction().execute(async (transaction) => {
        // A record whose blobs no longer verify is replaced; its maker could not know.
        await transaction
          .insertInto("steps")
          .values({ ...row, createdAt: clock.now() })
          .onConflict((conflict) =>
            conflict.column("key").doUpdateSet({ output: row.output, seconds: row.seconds }),
          )
          .execute();
        const roles = references.map((hash, index) => [`reference-${index}`, hash] as const);
        await useBlobs(transaction, "step", step.key, { output: step.output, ...Object.fromEntries(roles) });
      });
      return step;
    },
  };
}

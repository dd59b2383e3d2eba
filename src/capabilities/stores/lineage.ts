import { sql } from "kysely";
import type { LineageEdge, LineageStore } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import type { Tables } from "./tables.js";

export function createLineage({ db }: Backend): LineageStore {
  return {
    async add(edges) {
      if (edges.length === 0) return;
      await db.transaction().execute(async (transaction) => {
        for (const { from, relation, to } of edges) {
          await transaction
            .insertInto("lineage")
            .values({ fromKind: from.kind, fromId: from.id, relation, toKind: to.kind, toId: to.id })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      });
    },
    async trace({ kind, id }, direction) {
      const [near, far] = direction === "sources" ? (["from", "to"] as const) : (["to", "from"] as const);
      const column = (end: string, part: string) => sql.ref(`lineage.${end}_${part}`);
      // UNION, not UNION ALL: a node reached twice is walked once, so that a cycle ends.
      const { rows } = await sql<Tables["lineage"]>`
        with recursive reached (kind, id) as (
          select ${kind}, ${id}
          union
          select ${column(far, "kind")}, ${column(far, "id")} from lineage join reached
            on ${column(near, "kind")} = reached.kind and ${column(near, "id")} = reached.id)
        select lineage.* from lineage join reached
          on ${column(near, "kind")} = reached.kind and ${column(near, "id")} = reached.id
        order by from_kind, from_id, relation, to_kind, to_id`.execute(db);
      return rows.map(toEdge);
    },
  };
}

function toEdge({ fromKind, fromId, relation, toKind, toId }: Tables["lineage"]): LineageEdge {
  return { from: { kind: fromKind, id: fromId }, relation, to: { kind: toKind, id: toId } };
}

/** A JSON document as a store keeps it: plain values only. */
export type Document = Readonly<Record<string, unknown>>;

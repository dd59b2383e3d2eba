import type { Production } from "./production.js";

/**
 * The version that the model of this run gets. A run that is resumed keeps what it had reserved before it was
 * killed, for the version is part of the bundle: its bytes are then those of a run that was never interrupted.
 */
export async function reserveVersion(
  { steps, store, lease }: Pick<Production, "steps" | "store" | "lease">,
  name: string,
): Promise<number> {
  const reservation = { id: "version", version: 1, config: { name, run: lease.id }, inputs: {} };
  return (await steps.run(reservation, () => store.models.reserveVersion(name))).value;
}

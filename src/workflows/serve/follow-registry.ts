import { verifyBundle } from "../../capabilities/bundles/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { DeploymentChange } from "../../foundation/contracts/deployment.js";
import type { CanaryPeers, ModelPool, TrafficRouter } from "../../foundation/contracts/serving.js";
import type { Store } from "../../foundation/contracts/store.js";
import { moveCanary } from "./deploy.js";

/** How soon a promotion or a rollback is seen: two small queries for each model served. */
const LOOK_MS = 200;
/** Versions of a name that stay open beside those in use, so that going back takes no loading. */
const KEPT_WARM = 1;

export interface FollowOptions {
  readonly logger: Logger;
  readonly traffic: TrafficRouter;
  /** Other processes that answer for the same names. */
  readonly peers?: CanaryPeers;
}

export interface FollowedRegistry {
  /** Looks at once instead of at the next turn; resolves when what the registry says is served. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens what the references mean now, then follows them: when an alias moves, the version it points to is opened,
 * warmed up and checked, and takes over between two requests. One that fails leaves the one before in place, and is
 * not tried again until the alias moves.
 * @param references `name` (its champion, else its newest version), `name@3`, `name@challenger`
 * @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID, MODEL_REFUSED for what cannot be opened at the start
 */
export async function followRegistry(
  store: Store,
  pool: ModelPool,
  references: readonly string[],
  { logger, traffic, peers }: FollowOptions,
): Promise<FollowedRegistry> {
  const followed = references.map((reference) => new FollowedReference(store, pool, reference));
  for (const reference of followed) await reference.follow();
  const deployments = new FollowedDeployments(store, pool, traffic, peers);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let looking: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    for (const reference of followed) await reference.tryToFollow(logger);
    const names = new Set(followed.map(({ name }) => name));
    for (const name of names) await deployments.tryToFollow(name, logger);
    await retireUnused(pool, [...followed, ...deployments.references]);
  };
  const refresh = (): Promise<void> => {
    looking = looking.then(look);
    return looking;
  };
  const schedule = (): void => {
    timer = setTimeout(() => void refresh().finally(() => isStopped || schedule()), LOOK_MS);
    timer.unref();
  };
  await refresh();
  schedule();
  return {
    refresh,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

class FollowedReference {
  readonly #store: Store;
  readonly #pool: ModelPool;
  readonly #reference: string;
  /** Newest last. */
  #versions: number[] = [];
  #failed: number | undefined;
  name = "";

  constructor(store: Store, pool: ModelPool, reference: string) {
    this.#store = store;
    this.#pool = pool;
    this.#reference = reference;
  }

  /** Versions that this reference needs open. */
  get versions(): readonly number[] {
    return this.#versions.slice(-1 - KEPT_WARM);
  }

  async follow(): Promise<void> {
    const { name, version, aliases } = await this.#store.models.get(this.#reference);
    this.name = name;
    if (version === this.#versions.at(-1) || version === this.#failed) return;
    // Without a champion a bare name means the newest version: a training that ends must not change what is served.
    const isNewest = this.#reference === name && !aliases.includes("champion");
    if (isNewest && this.#versions.length > 0) return;
    const isOpen = this.#pool
      .list()
      .some(({ manifest }) => manifest.name === name && manifest.version === version);
    if (!isOpen) {
      this.#failed = version;
      const folder = await this.#store.models.folder(`${name}@${version}`);
      await this.#pool.add(verifyBundle(folder), { current: false });
    }
    this.#failed = undefined;
    this.#versions = [...this.#versions.filter((known) => known !== version), version];
    const alias = this.#reference.slice(name.length + 1);
    if (alias === "") this.#pool.use(name, version);
    else if (!/^\d/.test(alias)) this.#pool.setAlias(name, alias, version);
  }

  async tryToFollow(logger: Logger): Promise<void> {
    try {
      const before = this.#versions.at(-1);
      await this.follow();
      const now = this.#versions.at(-1);
      if (now !== before)
        logger.log("info", "A model changed its version.", { model: this.#reference, from: before, to: now });
    } catch (failure) {
      logger.log("error", "A new version cannot be served; the one before goes on.", {
        model: this.#reference,
        cause: failure instanceof Error ? failure.message : String(failure),
      });
    }
  }
}

/** What the deployments of the served names say, applied when all they need is open. */
class FollowedDeployments {
  readonly #store: Store;
  readonly #pool: ModelPool;
  readonly #traffic: TrafficRouter;
  readonly #peers: CanaryPeers | undefined;
  readonly #changes = new Map<string, DeploymentChange>();
  readonly #references = new Map<string, FollowedReference[]>();

  constructor(store: Store, pool: ModelPool, traffic: TrafficRouter, peers: CanaryPeers | undefined) {
    this.#store = store;
    this.#pool = pool;
    this.#traffic = traffic;
    this.#peers = peers;
    peers?.listen((evidence) => traffic.addEvidence(evidence));
  }

  get references(): readonly FollowedReference[] {
    return [...this.#references.values()].flat();
  }

  async tryToFollow(name: string, logger: Logger): Promise<void> {
    try {
      await this.#follow(name);
      const change = this.#changes.get(name);
      if (!change) return;
      const evidence = this.#peers && this.#traffic.takeEvidence(name);
      if (evidence) this.#peers?.tell(evidence);
      await moveCanary(this.#store, this.#traffic, name, change, logger);
    } catch (failure) {
      // Another process has moved the same canary: its change is seen at the next look.
      if (QuernError.is(failure) && failure.code === "LEASE_LOST") return;
      const cause = failure instanceof Error ? failure.message : String(failure);
      logger.log("error", "A deployment cannot be followed; the one before goes on.", {
        model: name,
        cause,
      });
    }
  }

  async #follow(name: string): Promise<void> {
    for (const reference of this.#references.get(name) ?? []) await reference.follow();
    const change = await this.#store.registry.deployment(name);
    if (!change || change.number === this.#changes.get(name)?.number) return;
    const { variants = [], shadows = [] } = change.deployment ?? {};
    const wanted = [...variants.map(({ model }) => model), ...shadows];
    const references = wanted.map((reference) => new FollowedReference(this.#store, this.#pool, reference));
    for (const reference of references) await reference.follow();
    this.#traffic.deploy(name, change.deployment, change.number);
    this.#references.set(name, references);
    this.#changes.set(name, change);
  }
}

/** Closes versions that no reference needs any more, after they have answered what they accepted. */
async function retireUnused(pool: ModelPool, followed: readonly FollowedReference[]): Promise<void> {
  const names = new Set(followed.map(({ name }) => name));
  const needed = new Set(
    followed.flatMap(({ name, versions }) => versions.map((version) => `${name}@${version}`)),
  );
  for (const { manifest } of pool.list()) {
    const { name, version } = manifest;
    if (names.has(name) && !needed.has(`${name}@${version}`)) await pool.remove(name, version);
  }
}

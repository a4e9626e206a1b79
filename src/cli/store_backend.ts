/**
 * A store as commands see it: a registry of their own on it. What it does is told to the readers of every edge on the
 * same store.
 *
 * @module
 */
import type { Mode } from "../breaker/state.ts";
import type { PolicyView, Snapshot } from "../breaker/operators.ts";
import { type LoadedConfig, parseOverride, type PolicyYaml } from "../config/mod.ts";
import type { WireAdviceList, WireApplied } from "../edge/advice_wire.ts";
import { type WireMode, wireMode } from "../edge/mode_routes.ts";
import { type WirePolicy, wirePolicy } from "../edge/policy_wire.ts";
import { type WireSnapshot, wireSnapshot } from "../edge/wire.ts";
import { BreakerRegistry } from "../registry/registry.ts";
import { StoreUnavailableError } from "../registry/engine/store_guard.ts";
import type { Store } from "../stores/store.ts";
import { eventLogOf } from "../telemetry/event_log.ts";
import type {
  Backend,
  BreakerPage,
  NamedAdvice,
  TailEvent,
  Target,
  WantedState,
} from "./backend.ts";
import { Refusal } from "./command.ts";
import { edgeBackend } from "./edge_backend.ts";
import { storeEvents } from "./store_events.ts";

/** A person waits longer than a crawler. */
const TIMEOUT_MS = 5_000;
/** Who changed a policy or the mode, for whoever looks later. */
const BY = "breakwater cli";

/** An open store, with the configuration that its policies come from. */
interface StoreBackendOptions {
  store: Store;
  /** For people. */
  name: string;
  config: LoadedConfig;
  /** Takes lines on what went wrong inside. */
  log: (line: string) => void;
}

/** Commands on a store. Disposing it closes the store. */
export function storeBackend(options: StoreBackendOptions): Backend {
  return new StoreBackend(options);
}

class StoreBackend implements Backend {
  readonly name: string;
  readonly #store: Store;
  readonly #registry: BreakerRegistry;
  readonly #sources: LoadedConfig["sources"];
  readonly #log: (line: string) => void;

  constructor({ store, name, config, log }: StoreBackendOptions) {
    this.name = name;
    this.#log = log;
    this.#store = store;
    this.#sources = config.sources;
    this.#registry = new BreakerRegistry({
      config: config.breakers,
      store,
      share: config.store.share,
      timeoutMs: TIMEOUT_MS,
    });
    eventLogOf(this.#registry);
  }

  async list(options: Parameters<Backend["list"]>[0]): Promise<BreakerPage> {
    // A listing answers from memory while the store is down, and here there is nothing in memory.
    if (!await this.#registry.ready()) throw this.#unreachable();
    const { snapshots, cursor } = await this.#registry.page(options);
    const breakers = snapshots.map((snapshot) => asJson(wireSnapshot(snapshot)));
    return { breakers, ...(cursor !== undefined && { next_cursor: cursor }) };
  }

  async inspect(target: Target): Promise<WireSnapshot> {
    return this.#certain(await this.#registry.inspect(targetOf(target)));
  }

  async setState(target: Target, { state, seconds, reason }: WantedState): Promise<WireSnapshot> {
    const on = targetOf(target);
    const by = BY;
    if (state === "closed") return this.#certain(await this.#registry.close(on, { by }));
    if (state === "half_open") return this.#certain(await this.#registry.halfOpen(on, { by }));
    const forMs = seconds === undefined ? undefined : Math.ceil(seconds * 1_000);
    return this.#certain(await this.#registry.open(on, { forMs, reason, by }));
  }

  async policy(host: string): Promise<WirePolicy> {
    return await this.#policy(await this.#registry.inspectPolicy(host));
  }

  async setPolicy(host: string, patch: PolicyYaml, reason?: string): Promise<WirePolicy> {
    const { local } = await this.#registry.inspectPolicy(host);
    const override = parseOverride(patch, local);
    const change = this.#registry.setPolicy(host, override, { by: BY, reason });
    return await this.#policy(await this.#stored(change));
  }

  async clearPolicy(host: string, reason?: string): Promise<WirePolicy> {
    const change = this.#registry.clearPolicy(host, { by: BY, reason });
    return await this.#policy(await this.#stored(change));
  }

  async mode(): Promise<WireMode> {
    return asJson(wireMode(this.#certainly(await this.#registry.inspectMode())));
  }

  async setMode(mode: Mode | undefined, reason?: string): Promise<WireMode> {
    const change = this.#registry.setMode(mode, { by: BY, reason });
    return asJson(wireMode(await this.#stored(change)));
  }

  async advice(windowS: number): Promise<WireAdviceList> {
    return await (await this.#asEdge()).advice(windowS);
  }

  async applyAdvice(wanted: readonly NamedAdvice[], windowS: number): Promise<WireApplied> {
    return await (await this.#asEdge()).applyAdvice(wanted, windowS);
  }

  events(signal: AbortSignal): AsyncIterable<TailEvent> {
    return storeEvents(this.#registry, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
  }

  /** Advice is made and applied as an edge does it: by an app that listens nowhere. */
  async #asEdge(): Promise<Backend> {
    const { createApp } = await import("../edge/app.ts");
    if (!await this.#registry.ready()) throw this.#unreachable();
    const app = createApp({ registry: this.#registry, log: this.#log });
    return edgeBackend({
      url: "http://breakwater.invalid",
      name: this.name,
      send: (url, init) => app.fetch(new Request(url, init)),
    });
  }

  async #policy(view: PolicyView): Promise<WirePolicy> {
    const pace = await this.#registry.pace(view.host);
    return asJson(wirePolicy(this.#certainly(view), this.#sources, pace));
  }

  #certain(snapshot: Snapshot): WireSnapshot {
    return asJson(wireSnapshot(this.#certainly(snapshot)));
  }

  /** What only this process knows is nothing. */
  #certainly<T extends { degraded?: boolean }>(view: T): T {
    if (view.degraded) throw this.#unreachable();
    return view;
  }

  async #stored<T>(change: Promise<T>): Promise<T> {
    try {
      return await change;
    } catch (error) {
      throw error instanceof StoreUnavailableError ? this.#unreachable() : error;
    }
  }

  #unreachable(): Refusal {
    return new Refusal(
      `The store (${this.name}) did not answer within ${TIMEOUT_MS / 1_000} s, or refused: ` +
        "breakwater doctor says why",
    );
  }
}

function targetOf({ scope, name }: Target) {
  return scope === "host" ? { host: name } : { resolver: name };
}

/** As it would have come over HTTP: what is undefined is absent, and an open without end has no deadline. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

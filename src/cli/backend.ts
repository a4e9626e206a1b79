/**
 * What commands work on, whether that is a store or an edge API: one interface, so that each command is written once,
 * and answers in the same JSON on both. Neither of them is implemented here.
 *
 * @module
 */
import type { BreakerState, Mode } from "../breaker/state.ts";
import type { PolicyYaml } from "../config/mod.ts";
import type { WireAdvice, WireAdviceList, WireApplied } from "../edge/advice_wire.ts";
import type { WireMode } from "../edge/mode_routes.ts";
import type { WirePolicy } from "../edge/policy_wire.ts";
import type { WireSnapshot } from "../edge/wire.ts";

/** A host, or a resolver by its name. */
export interface Target {
  scope: "host" | "resolver";
  /** As it was typed; checked. */
  name: string;
}

/** A part of a listing. */
export interface BreakerPage {
  breakers: WireSnapshot[];
  next_cursor?: string;
}

/** What a breaker is to be. */
export interface WantedState {
  state: BreakerState;
  /** With `open`; absent: until closed. */
  seconds?: number;
  reason?: string;
}

/** One thing that happened, in the names of the wire. */
export interface TailEvent {
  type: string;
  at: number;
  [name: string]: unknown;
}

/** Which advice is meant. */
export type NamedAdvice = Pick<WireAdvice, "host" | "role" | "rule">;

/** Asked for at once, where everything is wanted. */
const PAGE = 500;

/** What is listed, page by page; at most `limit` of it. */
export async function* pages(
  backend: Pick<Backend, "list">,
  { state, limit = Infinity }: { state?: BreakerState; limit?: number } = {},
): AsyncIterable<BreakerPage> {
  let cursor: string | undefined;
  let left = limit;
  do {
    const page = await backend.list({ state, limit: Math.min(left, PAGE), cursor });
    yield page;
    left -= page.breakers.length;
    cursor = page.next_cursor;
  } while (cursor !== undefined && left > 0);
}

/** See the module's description. */
export interface Backend extends AsyncDisposable {
  /** For people: `sqlite in breakers.sqlite`, `http://127.0.0.1:8000`. */
  readonly name: string;
  list(options: { state?: BreakerState; limit: number; cursor?: string }): Promise<BreakerPage>;
  /** As it stands now; closed where there is no record. */
  inspect(target: Target): Promise<WireSnapshot>;
  setState(target: Target, wanted: WantedState): Promise<WireSnapshot>;
  policy(host: string): Promise<WirePolicy>;
  /** In place of the override before. */
  setPolicy(host: string, patch: PolicyYaml, reason?: string): Promise<WirePolicy>;
  clearPolicy(host: string, reason?: string): Promise<WirePolicy>;
  mode(): Promise<WireMode>;
  /** Undefined: each process by its configuration again. */
  setMode(mode: Mode | undefined, reason?: string): Promise<WireMode>;
  /** What the advisor makes of the last so many seconds. */
  advice(windowS: number): Promise<WireAdviceList>;
  /** Applies what is named, where it is still advised. */
  applyAdvice(wanted: readonly NamedAdvice[], windowS: number): Promise<WireApplied>;
  /** What happens from now on, until the signal is aborted. */
  events(signal: AbortSignal): AsyncIterable<TailEvent>;
}

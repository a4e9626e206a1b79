/**
 * What keeps the page up to date: the event stream, and small questions where events are not enough.
 *
 * @module
 */
import type { WireStatus, WireTroubleList } from "../board_routes.ts";
import type { WireEvent } from "../history_book.ts";
import type { WireSnapshot } from "../../wire.ts";
import { ask, breakerPath, Refused } from "./ask.ts";
import { byId, setText } from "./dom.ts";
import { rowKey, type TargetName } from "./target.ts";

/** How often is asked, in milliseconds. */
export const PACE = {
  status: 1_000,
  rows: 2_000,
  manyRows: 5_000,
  advice: 60_000,
  changed: 100,
  again: 2_000,
} as const;
/** More rows than this are asked for less often. */
export const MANY_ROWS = 300;
/** More changed hosts than this are asked for all together. */
export const MANY_CHANGES = 12;
/** Events that the page listens to. */
export const EVENT_TYPES = [
  "transition",
  "operator",
  "policy",
  "mode",
  "store_outage",
  "gap",
] as const;

/** Who is told. */
export interface LiveParts {
  onStatus: (status: WireStatus) => void;
  onRows: (list: WireTroubleList) => void;
  onSnapshot: (snapshot: WireSnapshot) => void;
  onEvent: (event: WireEvent) => void;
  onAdvice: () => Promise<void>;
}

/** See the module's description. */
export class LiveFeed {
  readonly #parts: LiveParts;
  /** Changed since they were asked for last. */
  readonly #changed = new Map<string, TargetName>();
  #isAsking = false;
  /** Rows at the last look. */
  #known = 0;
  #stream: EventSource | undefined;
  #willAsk = false;

  /** Asks nothing before it is started. */
  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** Begins, and goes on until the page is left. */
  start(): void {
    this.#connect();
    this.#repeat(() => PACE.status, () => this.#status());
    this.#repeat(() => this.#known > MANY_ROWS ? PACE.manyRows : PACE.rows, () => this.#rows());
    this.#repeat(() => PACE.advice, () => this.#parts.onAdvice());
    document.addEventListener("visibilitychange", () => document.hidden || this.#rows());
  }

  /** Asks for all rows. */
  async #rows(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const list = await ask<WireTroubleList>("GET", "/v1/trouble");
      this.#known = list.rows.length;
      this.#parts.onRows(list);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isAsking = false;
    }
  }

  async #status(): Promise<void> {
    try {
      this.#parts.onStatus(await ask<WireStatus>("GET", "/v1/status"));
      if (this.#stream?.readyState === EventSource.OPEN) this.#say("live", "Live");
    } catch (error) {
      this.#failed(error);
    }
  }

  /** One after the other, and not while nobody looks. */
  #repeat(everyMs: () => number, work: () => Promise<void>): void {
    const again = async () => {
      if (!document.hidden) await work();
      setTimeout(again, everyMs());
    };
    void again();
  }

  #connect(): void {
    const stream = new EventSource("/v1/events");
    this.#stream = stream;
    stream.addEventListener("open", () => this.#say("live", "Live"));
    stream.addEventListener("error", () => {
      this.#say("away", "Reconnecting…");
      if (stream.readyState !== EventSource.CLOSED || this.#stream !== stream) return;
      // The server was reached and said no: a browser does not try again by itself.
      this.#stream = undefined;
      setTimeout(() => this.#connect(), PACE.again);
    });
    for (const type of EVENT_TYPES) {
      stream.addEventListener(type, ({ data }) => this.#take(JSON.parse(data)));
    }
  }

  #take(event: WireEvent): void {
    if (event.type === "gap") return void this.#rows();
    this.#parts.onEvent(event);
    const { scope, key } = event;
    if (scope === undefined || key === undefined || event.type === "policy") return;
    this.#changed.set(rowKey({ scope, key }), { scope, key });
    if (this.#willAsk) return;
    this.#willAsk = true;
    setTimeout(() => this.#askChanged(), PACE.changed);
  }

  #askChanged(): void {
    this.#willAsk = false;
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    if (changed.length > MANY_CHANGES) return void this.#rows();
    for (const target of changed) {
      ask<WireSnapshot>("GET", breakerPath(target)).then(
        (snapshot) => this.#parts.onSnapshot(snapshot),
        (error) => this.#failed(error),
      );
    }
  }

  /** Whoever is no longer logged in is asked for his token again. */
  #failed(error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) location.reload();
    else if (error.status === 0) this.#say("away", "Reconnecting…");
  }

  #say(state: "live" | "away", text: string): void {
    const place = byId("live");
    place.dataset["state"] = state;
    setText(byId("live-text"), text);
  }
}

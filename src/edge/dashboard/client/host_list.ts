/**
 * The list of hosts in trouble on the page: only the rows in sight are in the document, each kept as long as its host
 * is in sight, and at most one drawing per frame.
 *
 * @module
 */
import type { WireTrouble } from "../board.ts";
import { byId, el, hostLink, setText, shape } from "./dom.ts";
import { count, emptyTitle, STATE_WORDS } from "./format.ts";
import { bySeverity, countStates, type RowState, rowText, searchText, worstOf } from "./rows.ts";
import { rowKey } from "./target.ts";

/** Height of a row as the style has it, in pixels. */
export const ROW_HEIGHT = 52;
/** Rows drawn above and below those in sight. */
export const OVERSCAN = 8;

/** A row in the document. */
interface DrawnRow {
  element: HTMLTableRowElement;
  link: HTMLAnchorElement;
  cells: Record<
    "state" | "why" | "left" | "failures" | "probes" | "errors" | "requests",
    HTMLElement
  >;
  state: RowState | undefined;
}

/** Which hosts are shown. */
export interface Filter {
  text: string;
  state: string;
}

/** See the module's description. */
export class HostList {
  readonly rows = new Map<string, WireTrouble>();
  /** All rows, the worst first. */
  #sorted: WireTrouble[] = [];
  /** Those that are shown. */
  #shown: WireTrouble[] = [];
  #filter: Filter = { text: "", state: "all" };
  #selected: string | undefined;
  readonly #drawn = new Map<string, DrawnRow>();
  readonly #body = byId("rows");
  readonly #above = el("tr", { class: "space", "aria-hidden": "true" }, el("td"));
  readonly #below = el("tr", { class: "space", "aria-hidden": "true" }, el("td"));
  readonly #now: () => number;
  readonly #onChange: () => void;
  #frame = 0;
  #isStale = false;
  /** When the next deadline passes, and the order changes by itself. */
  #nextDeadline = Infinity;
  #changedAt: number | undefined;

  /** Takes the place of what the server has drawn. */
  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
    this.#body.replaceChildren(this.#above, this.#below);
    addEventListener("scroll", () => this.draw(), { passive: true });
    addEventListener("resize", () => this.draw(), { passive: true });
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#body.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The row that is worst off. */
  get worst(): WireTrouble | undefined {
    return this.#sorted[0];
  }

  /** How many there are of each state. */
  get counts(): { open: number; half_open: number; closed: number } {
    return countStates(this.rows.values(), this.#now());
  }

  /** All rows anew; `complete` is false where there may be others. */
  replace(rows: readonly WireTrouble[], complete: boolean): void {
    setText(byId("empty-title"), emptyTitle(complete));
    this.rows.clear();
    for (const row of rows) this.rows.set(rowKey(row), row);
    this.#changed();
  }

  /** One row; gone where it is not in trouble any more. */
  put(row: WireTrouble): void {
    const key = rowKey(row);
    if (worstOf(row, this.#now()).state === "closed") this.rows.delete(key);
    else this.rows.set(key, row);
    this.#changed();
  }

  /** Shows only these. */
  filter(filter: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...filter };
    this.#changed();
  }

  /** Marks the row whose detail is open. */
  select(key: string | undefined): void {
    this.#selected = key;
    this.draw();
  }

  /** Puts the rows in order in the next frame. */
  #changed(): void {
    this.#isStale = true;
    this.#changedAt ??= performance.now();
    this.draw();
  }

  /** Draws what is in sight in the next frame. */
  draw(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#isStale || this.#nextDeadline <= this.#now()) this.#sort();
      this.#drawRows();
      this.#measure();
    });
  }

  #sort(): void {
    this.#isStale = false;
    const now = this.#now();
    this.#sorted = bySeverity([...this.rows.values()], now);
    const { text, state } = this.#filter;
    const wanted = text.trim().toLowerCase();
    this.#shown = this.#sorted.filter((row) =>
      (state === "all" || worstOf(row, now).state === state) &&
      (wanted === "" || searchText(row).includes(wanted))
    );
    this.#nextDeadline = Infinity;
    for (const { until } of this.rows.values()) {
      if (typeof until === "number" && until > now) {
        this.#nextDeadline = Math.min(this.#nextDeadline, until);
      }
    }
    const all = this.rows.size;
    const some = this.#shown.length;
    setText(
      byId("shown"),
      some === all ? `${count(all)} in all` : `${count(some)} of ${count(all)}`,
    );
    byId("table").setAttribute("aria-rowcount", String(some + 1));
    byId("table").hidden = some === 0;
    byId("empty").hidden = all > 0;
    byId("no-match").hidden = some > 0 || all === 0;
    this.#onChange();
  }

  #drawRows(): void {
    const top = this.#body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(
      this.#shown.length,
      Math.ceil((innerHeight - top) / ROW_HEIGHT) + OVERSCAN,
    );
    const wanted = this.#shown.slice(first, Math.max(first, last));
    const keys = new Set(wanted.map(rowKey));
    for (const [key, { element }] of this.#drawn) {
      if (keys.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    this.#above.style.height = `${first * ROW_HEIGHT}px`;
    this.#below.style.height = `${(this.#shown.length - first - wanted.length) * ROW_HEIGHT}px`;
    let next: Element = this.#above;
    for (const [i, row] of wanted.entries()) {
      const drawn = this.#drawnOf(row);
      this.#update(drawn, row, first + i);
      if (next.nextElementSibling !== drawn.element) next.after(drawn.element);
      next = drawn.element;
    }
  }

  #drawnOf(row: WireTrouble): DrawnRow {
    const key = rowKey(row);
    const known = this.#drawn.get(key);
    if (known !== undefined) return known;
    const cell = (name: string) => el("td", { class: name });
    const why = el("span", { class: "why" });
    const link = hostLink(row);
    const cells = {
      state: cell("state"),
      why,
      left: cell("left"),
      failures: cell("failures"),
      probes: cell("probes"),
      errors: cell("errors"),
      requests: cell("requests"),
    };
    const host = el("th", { scope: "row", class: "host" }, link, why);
    const { state, left, failures, probes, errors, requests } = cells;
    const element = el(
      "tr",
      { "data-key": key },
      state,
      host,
      left,
      failures,
      probes,
      errors,
      requests,
    );
    const drawn: DrawnRow = { element, link, cells, state: undefined };
    this.#drawn.set(key, drawn);
    return drawn;
  }

  #update(drawn: DrawnRow, row: WireTrouble, index: number): void {
    const text = rowText(row, this.#now());
    const { cells, element } = drawn;
    if (drawn.state !== text.state) {
      drawn.state = text.state;
      element.dataset["state"] = text.state;
      cells.state.replaceChildren(shape(text.state), STATE_WORDS[text.state] ?? "");
    }
    setText(drawn.link, text.name);
    for (const name of ["why", "left", "failures", "probes", "errors", "requests"] as const) {
      setText(cells[name], text[name]);
    }
    element.setAttribute("aria-rowindex", String(index + 2));
    element.classList.toggle("selected", rowKey(row) === this.#selected);
  }

  /** How long it took from a change until it was painted, for whoever measures. */
  #measure(): void {
    const start = this.#changedAt;
    if (start === undefined) return;
    this.#changedAt = undefined;
    setTimeout(
      () => performance.measure("breakwater-update", { start, end: performance.now() }),
      0,
    );
  }

  /** A click anywhere on a row opens it, as its link does. */
  #click(event: Event): void {
    const target = event.target as Element; // safe: events of elements come from elements
    if (target.closest("a") !== null || getSelection()?.isCollapsed === false) return;
    target.closest("tr")?.querySelector("a")?.click();
  }

  /** The arrow keys go from row to row. */
  #key(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = (event.target as Element).closest("tr"); // safe: as above
    if (step === 0 || row === null) return;
    event.preventDefault();
    const at = this.#shown.findIndex((shown) => rowKey(shown) === row.dataset["key"]);
    const next = this.#shown[at + step];
    if (at === -1 || next === undefined) return;
    // Keys may come faster than frames: the next row is not there yet then.
    if (!this.#drawn.has(rowKey(next))) this.#drawRows();
    const drawn = this.#drawn.get(rowKey(next));
    drawn?.link.focus({ preventScroll: true });
    drawn?.element.scrollIntoView({ block: "nearest" });
  }
}

/**
 * The top of the page: the sentence that says how things stand, the counts, what is allowed and denied each second, how
 * the store is.
 *
 * @module
 */
import type { WireStatus } from "../board_routes.ts";
import type { WireTrouble } from "../board.ts";
import { byId, hostLink, setText, shape, svg } from "./dom.ts";
import { count, duration, rate } from "./format.ts";
import { type Headline, headline } from "./headline.ts";
import { hashOf } from "./target.ts";

/** Seconds that the strip shows. */
export const STRIP_SECONDS = 120;
/** Size of the strip in its own units. */
export const STRIP_HEIGHT = 40;

/** Verdicts in a second. */
export interface Sample {
  allowed: number;
  denied: number;
  degraded: number;
}

/** See the module's description. */
export class NowPanel {
  #status: WireStatus | undefined;
  #worst: WireTrouble | undefined;
  #listed: WireStatus["counts"] | undefined;
  readonly #samples: Sample[] = [];
  readonly #now: () => number;

  /** Shows nothing before it is told something. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The mode that holds, as far as it is known. */
  get mode(): string {
    return this.#status?.mode ?? "enforce";
  }

  /** How things stand now. */
  take(status: WireStatus): void {
    const before = this.#status;
    this.#status = status;
    if (before !== undefined) this.#sample(before, status);
    this.#draw();
  }

  /** What the list holds: it knows of changes sooner, where it knows all there is. */
  show(worst: WireTrouble | undefined, counts: WireStatus["counts"]): void {
    this.#worst = worst;
    this.#listed = counts;
    this.#drawHeadline();
  }

  #sample(before: WireStatus, { at, verdicts }: WireStatus): void {
    const seconds = (at - before.at) / 1_000;
    // A server that was started anew counts from 0.
    if (seconds <= 0 || verdicts.allowed < before.verdicts.allowed) return;
    const per = (name: keyof Sample) =>
      Math.max(0, verdicts[name] - before.verdicts[name]) / seconds;
    const sample = { allowed: per("allowed"), denied: per("denied"), degraded: per("degraded") };
    // A page that was asleep has no picture of the time in between.
    const times = Math.min(STRIP_SECONDS, Math.max(1, Math.round(seconds)));
    for (let i = 0; i < times; i++) this.#samples.push(sample);
    this.#samples.splice(0, this.#samples.length - STRIP_SECONDS);
    setText(byId("rate-allowed"), rate(sample.allowed));
    setText(byId("rate-denied"), rate(sample.denied));
    setText(byId("rate-degraded"), rate(sample.degraded));
    this.#drawStrip();
  }

  #draw(): void {
    const status = this.#status!;
    const { up, outages, down_ms, unsaved } = status.store;
    const place = byId("store");
    const state = up ? "closed" : "open";
    const word = up ? "Answers" : "Does not answer";
    if (place.dataset["state"] !== state) {
      place.dataset["state"] = state;
      byId("store-state").replaceChildren(shape(state), word);
    }
    const past = outages === 0
      ? "no outage since the start"
      : `${count(outages)} ${outages === 1 ? "outage" : "outages"}, ${duration(down_ms)} in all`;
    setText(byId("store-more"), unsaved > 0 ? `${past}; ${count(unsaved)} records unsaved` : past);
    setText(byId("mode"), status.mode);
    byId("mode").dataset["mode"] = status.mode;
    this.#drawHeadline();
  }

  #drawHeadline(): void {
    if (this.#status === undefined) return;
    const isListed = this.#status.complete && this.#listed !== undefined;
    const counts = isListed ? this.#listed! : this.#status.counts;
    setText(byId("count-open"), count(counts.open));
    setText(byId("count-half-open"), count(counts.half_open));
    setText(byId("count-failing"), count(counts.closed));
    const status = { ...this.#status, counts };
    const made = headline({ status, worst: this.#worst, now: this.#now() });
    const place = byId("headline");
    if (place.dataset["tone"] !== made.tone) {
      place.dataset["tone"] = made.tone;
      byId("headline-shape").replaceChildren(shape(made.tone));
    }
    setText(byId("headline-text"), made.text);
    this.#drawAbout(made.about);
  }

  /** The link stays while the seconds behind it count: whoever presses it, or stands on it, would lose it otherwise. */
  #drawAbout(about: Headline["about"]): void {
    const place = byId("headline-about");
    if (about === undefined) return place.replaceChildren();
    const { lastChild: words } = place;
    const isSame = place.querySelector("a")?.getAttribute("href") === hashOf(about);
    if (!isSame || words === null) place.replaceChildren(hostLink(about), ` ${about.text}`);
    else if (words.textContent !== ` ${about.text}`) words.textContent = ` ${about.text}`;
  }

  /** One bar a second, the newest at the right. */
  #drawStrip(): void {
    const most = Math.max(1, ...this.#samples.map(({ allowed, denied }) => allowed + denied));
    const first = STRIP_SECONDS - this.#samples.length;
    const bars = this.#samples.flatMap(({ allowed, denied, degraded }, i) => {
      const height = (value: number) => value / most * STRIP_HEIGHT;
      const bar = (kind: string, from: number, value: number) =>
        value <= 0 ? undefined : svg("rect", {
          class: kind,
          x: first + i + 0.1,
          width: 0.8,
          y: STRIP_HEIGHT - height(from + value),
          height: height(value),
        });
      return [
        bar("allowed", 0, allowed),
        bar("denied", allowed, denied),
        bar("degraded", 0, Math.min(degraded, allowed + denied) * 0.2),
      ].filter((made) => made !== undefined);
    });
    byId("strip").replaceChildren(...bars);
    setText(byId("strip-most"), bars.length === 0 ? "" : `${rate(most)}/s`);
  }
}

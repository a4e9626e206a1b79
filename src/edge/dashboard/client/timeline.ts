/**
 * The picture of a host's last hours: its states as bands, and how requests went under them on the same time.
 *
 * @module
 */
import type { WireHostPast } from "../board_routes.ts";
import type { Band, Bucket } from "../host_history.ts";
import { el, svg } from "./dom.ts";
import { clock, count, duration, REASON_WORDS, several, STATE_WORDS, two } from "./format.ts";

/** Width and heights in the picture's own units. */
export const CHART = { width: 720, lane: 18, gap: 6, bars: 84, axis: 16 } as const;

/** Draws it, with what it says in words below. */
export function timeline(past: WireHostPast, now: number): HTMLElement {
  const { width, lane, gap, bars, axis } = CHART;
  const lanes = past.lanes.length * (lane + gap);
  const x = (at: number) => (at - past.from) / (past.until - past.from) * width;
  const words = inWords(past);
  const picture = svg(
    "svg",
    {
      class: "timeline",
      viewBox: `0 0 ${width} ${lanes + bars + axis}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": words,
    },
    ...past.lanes.flatMap(({ bands }, i) =>
      bands.map((band) => bandRect(band, x, i * (lane + gap), now))
    ),
    ...outcomeBars(past, x, lanes),
    svg("line", { class: "base", x1: 0, x2: width, y1: lanes + bars, y2: lanes + bars }),
    ...hourLines(past, x, lanes + bars),
  );
  return el(
    "figure",
    { class: "chart" },
    el("div", { class: "chart-box" }, laneNames(past), picture, hourNames(past)),
    el("figcaption", {}, words),
    legend(),
  );
}

/** A state with the time that it lasted. */
export function bandRect(
  { state, from, until, reason }: Band,
  x: (at: number) => number,
  y: number,
  now: number,
): SVGElement {
  const why = reason === undefined ? "" : `, ${REASON_WORDS[reason] ?? reason}`;
  const title = `${STATE_WORDS[state]} for ${duration(until - from)} from ${
    clock(from, now)
  }${why}`;
  // A second must be seen in a day, also the last one.
  const width = Math.max(state === "closed" ? 0 : 2, x(until) - x(from));
  const left = Math.min(x(from), CHART.width - width);
  // Height tells states apart too.
  const height = state === "open" ? CHART.lane : state === "half_open" ? CHART.lane * 0.6 : 4;
  return svg(
    "rect",
    { class: `band ${state}`, x: left, y: y + CHART.lane - height, width, height },
    svg("title", {}, title),
  );
}

/** How requests went, stacked. */
export function outcomeBars(
  { buckets, bucket_s }: WireHostPast,
  x: (at: number) => number,
  top: number,
): SVGElement[] {
  const sumOf = ({ successes, neutral, failures, denied }: Bucket) =>
    successes + neutral + failures + denied;
  const most = Math.max(1, ...buckets.map(sumOf));
  return buckets.flatMap((bucket) => {
    const left = Math.max(0, Math.min(x(bucket.at), CHART.width - 1.5));
    const right = Math.min(CHART.width, x(bucket.at + bucket_s * 1_000) - 0.5);
    const width = Math.max(1.5, right - left);
    const parts: [string, number][] = [
      ["success", bucket.successes + bucket.neutral],
      ["failure", bucket.failures],
      ["denied", bucket.denied],
    ];
    let y = top + CHART.bars;
    return parts.filter(([, value]) => value > 0).map(([kind, value]) => {
      const height = value / most * CHART.bars;
      y -= height;
      return svg("rect", { class: `bar ${kind}`, x: left, y, width, height });
    });
  });
}

/** Every so many hours a line. */
export function hourLines(
  { from, until }: WireHostPast,
  x: (at: number) => number,
  bottom: number,
): SVGElement[] {
  return hoursIn(from, until).map((at) =>
    svg("line", { class: "hour", x1: x(at), x2: x(at), y1: 0, y2: bottom })
  );
}

/** Round times in a window, few enough to be read. */
export function hoursIn(from: number, until: number): number[] {
  const minutes = (until - from) / 60_000;
  const stepMs = (minutes > 720 ? 240 : minutes > 120 ? 60 : 10) * 60_000;
  // Whole hours of the reader's day, whatever its zone.
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const hours: number[] = [];
  for (let at = midnight; at < until; at += stepMs) if (at > from) hours.push(at);
  return hours;
}

/** The names of the hours, as text beside the picture: that is stretched, and letters should not be. */
export function hourNames({ from, until }: WireHostPast): HTMLElement {
  const names = hoursIn(from, until).map((at) => {
    const then = new Date(at);
    const name = el("span", {}, `${two(then.getHours())}:${two(then.getMinutes())}`);
    name.style.left = `${(at - from) / (until - from) * 100}%`;
    return name;
  });
  return el("div", { class: "hours", "aria-hidden": "true" }, ...names);
}

/** Whose breaker each lane is, where there are several. */
export function laneNames({ lanes }: WireHostPast): HTMLElement | undefined {
  if (lanes.length === 1) return undefined;
  const names = lanes.map(({ role }) => role === "" ? "host" : role);
  return el("p", { class: "lanes" }, `Lanes from above: ${names.join(", ")}`);
}

/** What the picture shows, in a sentence. */
export function inWords({ lanes, buckets, complete }: WireHostPast): string {
  const opens = lanes[0]?.bands.filter(({ state }) => state === "open") ?? [];
  const openMs = opens.reduce((sum, { from, until }) => sum + until - from, 0);
  const sum = (name: "successes" | "neutral" | "failures" | "denied") =>
    buckets.reduce((total, bucket) => total + bucket[name], 0);
  const open = opens.length === 0
    ? "Not open"
    : `Open ${several(opens.length, "time", "times")}, ${duration(openMs)} in all`;
  const missing = complete ? "" : " The store could not be read as a whole.";
  return `${open}. ${count(sum("successes") + sum("neutral"))} answered, ` +
    `${count(sum("failures"))} failed, ${count(sum("denied"))} denied.${missing}`;
}

/** What colours and heights mean. */
export function legend(): HTMLElement {
  const entries = [
    ["band open", "open"],
    ["band half_open", "half-open"],
    ["band closed", "closed"],
    ["bar success", "answered"],
    ["bar failure", "failed"],
    ["bar denied", "denied"],
  ];
  return el(
    "ul",
    { class: "legend" },
    ...entries.map(([kind, word]) => el("li", {}, el("span", { class: `key ${kind}` }), word)),
  );
}

/**
 * Small parts of a host's detail: tables, facts with their names, how requests went.
 *
 * @module
 */
import { el } from "./dom.ts";
import { count, duration, percent } from "./format.ts";

/** Outcomes in the words of the page, in the order of the bar. */
export const OUTCOME_WORDS: readonly (readonly [name: string, words: string])[] = [
  ["success", "success"],
  ["neutral", "neutral (401, 404 …)"],
  ["status_429", "429"],
  ["status_503", "503"],
  ["status_5xx", "other 5xx"],
  ["timeout", "timeout"],
  ["other_error", "other error"],
];

/** A table that scrolls where it is too wide. */
export function table(
  name: string,
  heads: readonly string[],
  rows: HTMLElement[],
): HTMLElement {
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": name },
    el(
      "table",
      { class: "plain" },
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows),
    ),
  );
}

/** A name and what is known of it. */
export function fact(name: string, text: string): HTMLElement {
  return el("p", { class: "fact" }, el("span", {}, name), text);
}

/** `120 s × 12, 60 s × 3`, the most frequent first. */
export function retryAfters(seconds: Readonly<Record<string, number>>): string {
  const seen = Object.entries(seconds).sort((a, b) => b[1] - a[1]).slice(0, 6);
  if (seen.length === 0) return "none";
  return seen.map(([value, times]) => `${duration(Number(value) * 1_000)} × ${count(times)}`).join(
    ", ",
  );
}

/** How requests went, as a bar with its numbers. */
export function statusMix(outcomes: Readonly<Record<string, number>>): HTMLElement {
  const parts = OUTCOME_WORDS.map(([name, words]) => ({ name, words, value: outcomes[name] ?? 0 }))
    .filter(({ value }) => value > 0);
  const all = parts.reduce((sum, { value }) => sum + value, 0);
  if (all === 0) return fact("Status mix", "no requests");
  const bars = parts.map(({ name, value }) => {
    const bar = el("span", { class: `mix ${name}` });
    bar.style.flexGrow = String(value);
    return bar;
  });
  return el(
    "div",
    { class: "status-mix" },
    el("p", { class: "fact" }, el("span", {}, "Status mix")),
    el("div", { class: "mix-bar", "aria-hidden": "true" }, ...bars),
    el(
      "ul",
      { class: "legend" },
      ...parts.map(({ name, words, value }) =>
        el(
          "li",
          {},
          el("span", { class: `key mix ${name}` }),
          `${words} ${count(value)} (${percent(value / all)})`,
        )
      ),
    ),
  );
}

/** The value at a path such as `roles.metadata.fail_max`. */
export function valueAt(policy: unknown, path: string): string {
  let value = policy;
  for (const name of path.split(".")) {
    // Safe: looked up by a name, whatever it is.
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  if (value === undefined) return "–";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

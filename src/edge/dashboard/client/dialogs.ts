/**
 * What can be changed from the page, each after a question that says what will happen.
 *
 * @module
 */
import type { WireAdvice, WireApplied } from "../../advice_wire.ts";
import type { WirePolicy } from "../../policy_wire.ts";
import type { WireSnapshot } from "../../wire.ts";
import { ask, breakerPath, Refused } from "./ask.ts";
import { el } from "./dom.ts";
import { duration } from "./format.ts";
import { confirmed, field, reasonField } from "./question.ts";
import type { TargetName } from "./target.ts";

/** How long a host can be opened for. */
export const OPEN_TIMES: readonly (readonly [seconds: number, words: string])[] = [
  [60, "1 minute"],
  [600, "10 minutes"],
  [3_600, "1 hour"],
  [86_400, "24 hours"],
  [0, "until closed by hand"],
];

/** Numbers of a policy that can be changed here; the others by file or API. */
export const POLICY_FIELDS: readonly (readonly [name: string, words: string, step: string])[] = [
  ["fail_max", "Failures in a row that open", "1"],
  ["reset_timeout_s", "Seconds that it stays open", "any"],
  ["success_threshold", "Probes that must succeed", "1"],
  ["trial_calls", "Probes out at once", "1"],
  ["retry_after_cap_s", "Longest Retry-After heeded, seconds", "any"],
];

/** Opens a host or resolver. */
export function askOpen(target: TargetName, done: (row: WireSnapshot) => void): Promise<boolean> {
  const time = el(
    "select",
    {},
    ...OPEN_TIMES.map(([seconds, words]) => el("option", { value: seconds }, words)),
  );
  time.value = "600";
  const reason = reasonField();
  return confirmed({
    title: `Open ${target.key}?`,
    fields: [field("For how long", time), reason.element],
    words: () => {
      const lasts = time.value === "0"
        ? "until somebody closes it"
        : `for ${duration(Number(time.value) * 1_000)}; then probes go out`;
      return `Every process on this store stops sending requests to ${target.key}, at once, ${lasts}. ` +
        "Whatever deadline there is now is replaced.";
    },
    verb: "Open it",
    act: async () => {
      const seconds = Number(time.value);
      const words = reason.words();
      const body = {
        state: "open",
        ...(seconds > 0 && { seconds }),
        ...(words !== "" && { reason: words }),
      };
      done(await ask("PUT", breakerPath(target), body));
      return `${target.key} is open.`;
    },
  });
}

/** Admits probes. */
export function askHalfOpen(
  target: TargetName,
  done: (row: WireSnapshot) => void,
): Promise<boolean> {
  return confirmed({
    title: `Half-open ${target.key}?`,
    words: () =>
      `Probes may go to ${target.key} at once, as many as its policy lets out. ` +
      "If they succeed it closes; if one fails it opens again.",
    verb: "Half-open it",
    act: async () => {
      done(await ask("PUT", breakerPath(target), { state: "half_open" }));
      return `${target.key} is half-open: probes may go out.`;
    },
  });
}

/** Closes, and forgets. */
export function askClose(target: TargetName, done: (row: WireSnapshot) => void): Promise<boolean> {
  return confirmed({
    title: `Close ${target.key}?`,
    words: () =>
      `Every process on this store sends requests to ${target.key} again, at once and without probes. ` +
      "Its failures, cooldowns and roles start from nothing.",
    verb: "Close it",
    act: async () => {
      done(await ask("DELETE", breakerPath(target)));
      return `${target.key} is closed.`;
    },
  });
}

/** Lays other numbers over a host's policy. */
export function askPolicy({ host, policy, override = {} }: WirePolicy): Promise<boolean> {
  const present = policy as Record<string, unknown>; // safe: looked up by the names of its own numbers
  const inputs = POLICY_FIELDS.map(([name, words, step]) => {
    const value = present[name];
    const input = el("input", { type: "number", min: step === "1" ? 1 : 0, step, name });
    input.value = typeof value === "number" ? String(value) : "";
    return { name, words, input };
  });
  const reason = reasonField();
  const changed = () =>
    inputs.filter(({ name, input }) => input.value !== "" && Number(input.value) !== present[name]);
  return confirmed({
    title: `Change the policy of ${host}?`,
    fields: [
      el("div", { class: "numbers" }, ...inputs.map(({ words, input }) => field(words, input))),
      reason.element,
    ],
    words: () => {
      const changes = changed().map(({ name, input }) =>
        `${name} from ${String(present[name] ?? "unset")} to ${input.value}`
      );
      return changes.length === 0
        ? "Nothing is changed yet."
        : `${changes.join(", ")}: for ${host}, in every process on this store within 2 s.`;
    },
    verb: "Change it",
    act: async () => {
      const wanted = Object.fromEntries(
        changed().map(({ name, input }) => [name, Number(input.value)]),
      );
      if (Object.keys(wanted).length === 0) {
        throw new Refused(0, "Nothing is changed: give another number");
      }
      const why = reason.words();
      const query = why === "" ? "" : `?reason=${encodeURIComponent(why)}`;
      await ask("PUT", `/v1/policies/${encodeURIComponent(host)}${query}`, {
        ...override,
        ...wanted,
      });
      return `The policy of ${host} is changed.`;
    },
  });
}

/** Takes away what was laid over a host's policy. */
export function askClearPolicy(host: string): Promise<boolean> {
  return confirmed({
    title: `Remove the override of ${host}?`,
    words: () =>
      `What the configuration says holds again for ${host}, in every process on this store within 2 s.`,
    verb: "Remove it",
    act: async () => {
      await ask("DELETE", `/v1/policies/${encodeURIComponent(host)}`);
      return `The override of ${host} is removed.`;
    },
  });
}

/** Applies a piece of advice. */
export function askApply(
  { host, role, rule, parameter, from, to, reason, withheld }: WireAdvice,
): Promise<boolean> {
  const whose = role === undefined ? host : `${host}, role ${role}`;
  return confirmed({
    title: `Apply this advice to ${whose}?`,
    words: () =>
      `${reason} ${parameter} goes from ${
        from ?? "unset"
      } to ${to}, in every process on this store within 2 s. ` +
      (withheld === undefined ? "" : `The tuner would not do it: ${withheld}. `) +
      "It can be undone.",
    verb: "Apply it",
    act: async () => {
      const wanted = { host, rule, ...(role !== undefined && { role }) };
      await applied({ advice: [wanted] });
      return `${parameter} of ${whose} is ${to} now.`;
    },
  });
}

/** Takes back the last step of a host. */
export function askUndo(
  host: string,
  step: { parameter: string; from?: unknown; to: unknown },
): Promise<boolean> {
  const { parameter, from, to } = step;
  return confirmed({
    title: `Undo the last step at ${host}?`,
    words: () =>
      `${parameter} goes back from ${to} to ${
        from ?? "unset"
      }, in every process on this store within 2 s. ` +
      "The tuner does not repeat the step for a day.",
    verb: "Undo it",
    act: async () => {
      await applied({ undo: [host] });
      return `The last step at ${host} is undone.`;
    },
  });
}

/**
 * Has advice applied, or a step undone.
 *
 * @throws {Refused} also where the one piece that is asked for is refused in an answer that is none
 */
export async function applied(wanted: { advice?: unknown[]; undo?: string[] }): Promise<void> {
  const { refused: [first] } = await ask<WireApplied>("POST", "/v1/advice/apply", wanted);
  if (first !== undefined) throw new Refused(409, first.reason);
}

/** What each mode does. */
export const MODE_WORDS: Readonly<Record<string, string>> = {
  enforce: "Open hosts are denied again, in every process on this store within 2 s.",
  observe:
    "Every request is allowed from then on, in every process on this store within 2 s; what would have been " +
    "denied is only counted. Hosts that are down get the full load.",
  off:
    "Breakers keep out of the way, in every process on this store within 2 s: nothing is denied and nothing is " +
    "counted.",
};

/** Changes the mode for everybody. */
export function askMode(present: string): Promise<boolean> {
  const choice = el(
    "select",
    {},
    ...Object.keys(MODE_WORDS).map((mode) => el("option", { value: mode }, mode)),
  );
  choice.value = present;
  const reason = reasonField();
  return confirmed({
    title: "Change the mode?",
    fields: [field("Mode", choice), reason.element],
    words: () =>
      choice.value === present ? `The mode is ${present} already.` : MODE_WORDS[choice.value]!,
    verb: "Change it",
    act: async () => {
      const words = reason.words();
      await ask("PUT", "/v1/mode", { mode: choice.value, ...(words !== "" && { reason: words }) });
      return `The mode is ${choice.value}.`;
    },
  });
}

/**
 * `breakwater tail`: transitions as they happen.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import type { BreakerState } from "../breaker/state.ts";
import type { TailEvent } from "./backend.ts";
import { type Call, UsageError } from "./command.ts";
import { checkedHost, checkedResolver } from "./targets.ts";
import { clock, type Paint, paintFor, paintState, plain, span } from "./text.ts";

/** See the module's description. */
export async function tail(call: Call): Promise<void> {
  const { positionals, options, json, terminal } = call;
  if (positionals.length > 0) {
    throw new UsageError(`tail takes no names: --host ${positionals[0]} follows a host`);
  }
  const host = options.text("host");
  const resolver = options.text("resolver");
  const wanted = [
    ...(host === undefined ? [] : [`host ${hostKey(checkedHost(host))}`]),
    ...(resolver === undefined ? [] : [`resolver ${checkedResolver(resolver)}`]),
  ];
  const signal = terminal.interrupted();
  const paint = paintFor(terminal);
  await using backend = await call.connect({ creates: true });
  if (terminal.isInteractive) terminal.note(`Following ${backend.name}; Ctrl-C ends`);
  for await (const event of backend.events(signal)) {
    if (!isWanted(event, wanted, options.flag("all"))) continue;
    terminal.write(`${json ? JSON.stringify(event) : line(paint, event)}\n`);
  }
}

/** That something was missed is always told. */
function isWanted(event: TailEvent, wanted: readonly string[], all: boolean): boolean {
  if (event.type === "gap") return true;
  if (event.type !== "transition" && !all) return false;
  return wanted.length === 0 || wanted.includes(`${event["scope"]} ${event["key"]}`);
}

function line(paint: Paint, event: TailEvent): string {
  return `${paint.dim(clock(event.at))}  ${told(paint, event)}`;
}

function told(paint: Paint, event: TailEvent): string {
  const name = paint.bold(nameOf(event));
  const { type, from, to, action, mode, phase } = event;
  switch (type) {
    case "transition":
      return `${name}  ${state(paint, from)} -> ${state(paint, to)}${reasonOf(event)}`;
    case "operator":
      return `${name}  an operator: ${word(action)}${reasonOf(event)}`;
    case "policy":
      return `${name}  policy override ${word(action)}${byOf(event)}`;
    case "mode":
      return `mode ${word(mode)} (${word(action)})${byOf(event)}`;
    case "store_outage":
      return `the store does not answer: ${word(phase)}`;
    case "gap":
      return "some events were missed: breakwater show says how things stand";
    default:
      return plain(JSON.stringify(event));
  }
}

function nameOf({ scope, key, role }: TailEvent): string {
  const name = scope === "resolver" ? `resolver ${word(key)}` : word(key);
  return role === undefined ? name : `${name} role ${word(role)}`;
}

function state(paint: Paint, value: unknown): string {
  // Safe: only the colour depends on it.
  return paintState(paint, word(value) as BreakerState);
}

/** `(retry_after, 2m)`. */
function reasonOf({ reason, note, until, at, to, action }: TailEvent): string {
  const opens = to === "open" || action === "open";
  const left = !opens ? undefined : typeof until === "number" ? span(until - at) : "until closed";
  const parts = [reason, left, note].filter((part) => part !== undefined && part !== null);
  return parts.length === 0 ? "" : `  (${parts.map(word).join(", ")})`;
}

function byOf({ by, reason }: TailEvent): string {
  const parts = [by, reason].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : `  (${parts.map(word).join(": ")})`;
}

function word(value: unknown): string {
  return plain(String(value));
}

/**
 * Events as others see them: which are told, their ids, and their JSON in the names of the wire (snake_case).
 *
 * @module
 */
import type { BreakerEvent, EventType, ModeEvent, PolicyEvent } from "../breaker/events.ts";

/** What is told. Denials and outcomes are too many, and are counted instead; of failed calls the outage is told. */
export const TOLD_TYPES: readonly EventType[] = [
  "transition",
  "operator",
  "policy",
  "mode",
  "store_outage",
];

/** An event on its way to readers, here or in another process. */
export interface ToldEvent {
  /** `<epoch ms>-<process>-<n>`: the same in every process. Empty for what is told here only, and cannot be asked for. */
  id: string;
  /** When, in epoch milliseconds, by the clock of the process that saw it. */
  at: number;
  /** Eight characters that tell processes apart. */
  process: string;
  /** What kind of event: a word of `[a-z_]`. */
  type: string;
  /** One line of JSON in ASCII, so that characters are bytes. */
  text: string;
}

const ID = /^([0-9]{1,16})-([0-9a-z]{8})-[0-9]{1,12}$/;
const LINE = /^([0-9]{1,16}-[0-9a-z]{8}-[0-9]{1,12}) ([a-z_]{1,32}) (\{[\x20-\x7e]*\})$/;

/** When and where an event happened, by its id; undefined where it is none. */
export function readEventId(id: string): { at: number; process: string } | undefined {
  const [, at, process] = ID.exec(id) ?? [];
  return process === undefined ? undefined : { at: Number(at), process };
}

/** An event of this process, the nth. */
export function toldEvent(event: BreakerEvent, process: string, n: number): ToldEvent {
  const at = Math.max(0, Math.floor(event.at));
  const id = `${at}-${process}-${n}`;
  const { type, ...rest } = flat(event);
  const text = asciiJson({ id, process, type, ...snakeCase(rest) });
  return { id, at, process, type, text };
}

/** True for what this process tells others: what it took up from the store was told by who changed it. */
export function isOwn(event: BreakerEvent): boolean {
  return (event.type !== "policy" && event.type !== "mode") || event.here;
}

function flat(event: BreakerEvent) {
  if (event.type === "policy") return policyChange(event);
  return event.type === "mode" ? modeChange(event) : event;
}

/** That it changed, not what it says: a patch may be long, and the policy can be asked for. */
function policyChange({ type, at, scope, key, override, ...removal }: PolicyEvent) {
  const { by, reason } = override ?? removal;
  return { type, at, scope, key, action: override ? "set" : "remove", by, reason };
}

/** What holds in the process that was asked: where a stored mode was removed, others may be configured otherwise. */
function modeChange({ type, at, mode, override }: ModeEvent) {
  const { by, reason } = override ?? {};
  return { type, at, mode, action: override ? "set" : "remove", by, reason };
}

/** The event in one line, as processes hand it on. */
export function writeEvent({ id, type, text }: ToldEvent): string {
  return `${id} ${type} ${text}`;
}

/** Reads such a line; undefined where it is none. */
export function readEvent(line: string): ToldEvent | undefined {
  const [, id = "", type = "", text = ""] = LINE.exec(line) ?? [];
  const parts = readEventId(id);
  return parts === undefined ? undefined : { id, type, text, ...parts };
}

/** True where the text is what it says: whatever stands in a store is looked at before it goes out to readers. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Told to a reader who missed something: it should look at the whole again. */
export function gapEvent(at: number, lastEventId: string | undefined): ToldEvent {
  const text = asciiJson({ type: "gap", at, last_event_id: lastEventId?.slice(0, 64) });
  return { id: "", at, process: "", type: "gap", text };
}

/** JSON has no word for Infinity and says null. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Events are flat. */
function snakeCase(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, said]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      said,
    ]),
  );
}

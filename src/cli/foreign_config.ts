/**
 * Another project's configuration in our names, with what could not be taken. Pure: files are for whoever asks.
 *
 * @module
 */
import type { FileConfig } from "../config/mod.ts";
import { describeFound, formatPath } from "../config/issues.ts";
import { entriesOf, isTree, layOver, leavesOf } from "../config/tree.ts";
import { checkWritten } from "../config/validate.ts";
import {
  type Kind,
  type Place,
  POLICY_NAMES,
  ROLE_NAMES,
  ROOT_ALIASES,
  SECTION_ALIASES,
  SECTION_NAMES,
  withoutUnit,
} from "./foreign_names.ts";

/** A value that was left behind. */
interface NotTaken {
  /** Where it stood. */
  path: string;
  /** What it was; absent where it was a whole section. */
  found?: string;
  why: string;
}

/** What became of a file. */
export interface Imported {
  config: FileConfig;
  notTaken: NotTaken[];
}

/** Takes what it can. */
export function importForeign(written: unknown): Imported {
  const translation = new Translation();
  translation.root(written, []);
  const { config, refused } = accepted(translation.config);
  return { config, notTaken: [...translation.notTaken, ...refused] };
}

/** What was taken so far. */
class Translation {
  config: unknown = {};
  readonly notTaken: NotTaken[] = [];

  root(written: unknown, at: readonly string[]): void {
    for (const [key, value] of entriesOf(written)) {
      const here = [...at, key];
      const section = ROOT_ALIASES[withoutUnit(key).name] ?? withoutUnit(key).name;
      // A section as we write it ourselves is taken as it stands.
      if (checkWritten({ [key]: value }, "").issues.length === 0) this.#take([key], value);
      else if (section === "hosts" || section === "resolvers") this.#named([section], value, here);
      else if (section === "defaults" || section === "advanced") {
        this.#policy(["defaults"], value, here);
      } else if (section === "roles") this.#roles(["defaults", "roles"], value, here);
      else if (section === "rates") this.#take(["rates"], value);
      else if (section === "enabled") this.#take(["mode"], value === false ? "off" : "enforce");
      // All of it may stand in one section of a larger file.
      else if (/^(?:circuit_)?breakers?$/.test(section) && isTree(value)) this.root(value, here);
      else this.#setting(["defaults"], key, value, here);
    }
  }

  #named(to: readonly string[], value: unknown, at: readonly string[]): void {
    for (const [name, policy] of entriesOf(value)) {
      this.#policy([...to, name], policy, [...at, name]);
    }
  }

  #policy(to: readonly string[], value: unknown, at: readonly string[]): void {
    if (value === null) return;
    if (!isTree(value)) return this.#leave(at, value, "a mapping is expected");
    for (const [key, child] of entriesOf(value)) this.#setting(to, key, child, [...at, key]);
  }

  #setting(to: readonly string[], key: string, value: unknown, at: readonly string[]): void {
    const { name } = withoutUnit(key);
    const section = SECTION_ALIASES[name] ?? name;
    if (section === "roles") return this.#roles([...to, "roles"], value, at);
    const places = Object.hasOwn(SECTION_NAMES, section) ? SECTION_NAMES[section] : undefined;
    if (places === undefined || !isTree(value)) {
      return this.#value(POLICY_NAMES, to, key, value, at);
    }
    for (const [inner, child] of entriesOf(value)) {
      this.#value(places, to, inner, child, [...at, inner]);
    }
  }

  #roles(to: readonly string[], value: unknown, at: readonly string[]): void {
    for (const [role, settings] of entriesOf(value)) {
      for (const [key, child] of entriesOf(settings)) {
        this.#value(ROLE_NAMES, [...to, role], key, child, [...at, role, key]);
      }
    }
  }

  #value(
    places: ReadonlyMap<string, Place>,
    to: readonly string[],
    key: string,
    value: unknown,
    at: readonly string[],
  ): void {
    const { name, unitS } = withoutUnit(key);
    const place = places.get(name);
    if (place === undefined) return this.#leave(at, value, "there is no such setting here");
    const read = readValue(place.kind, value, unitS);
    if (read === undefined) return this.#leave(at, value, EXPECTED[place.kind]);
    this.#take([...to, ...place.path], read);
  }

  #take(path: readonly string[], value: unknown): void {
    const tree = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    this.config = layOver(this.config, tree);
  }

  #leave(at: readonly string[], value: unknown, why: string): void {
    const leaves = leavesOf(value, at);
    // An empty section says nothing, and leaves nothing behind.
    for (const [path, leaf] of leaves) {
      this.notTaken.push({ path: formatPath(path), found: describeFound(leaf), why });
    }
  }
}

const EXPECTED: Readonly<Record<Kind, string>> = {
  seconds: "a time is expected, such as 60 or 90s",
  milliseconds: "a time is expected, such as 150 or 150ms",
  number: "a number is expected",
  share: "a share is expected, from 0 to 1 or in percent",
  switch: "true or false is expected",
  statuses: "a list of HTTP statuses is expected",
};

function readValue(kind: Kind, value: unknown, unitS: number | undefined): unknown {
  switch (kind) {
    case "seconds":
      return rounded(inSeconds(value, unitS ?? 1));
    case "milliseconds":
      return rounded(inSeconds(value, unitS ?? 0.001), 1_000);
    case "number":
      return numberOf(value);
    case "share":
      return shareOf(value);
    case "switch":
      return typeof value === "boolean" ? value : undefined;
    case "statuses":
      return statusesOf(value);
  }
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value.trim())
    ? Number(value)
    : undefined;
}

const SPAN =
  /^(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s(?:ec)?)?$/;

/** A number in the unit of its key, or a text that names its own: `90s`, `1m30s`, `150ms`. */
function inSeconds(value: unknown, unitS: number): number | undefined {
  const number = numberOf(value);
  if (number !== undefined) return number * unitS;
  if (typeof value !== "string") return undefined;
  const text = value.trim().toLowerCase();
  const ms = /^(\d+(?:\.\d+)?)\s*ms$/.exec(text)?.[1];
  if (ms !== undefined) return Number(ms) / 1_000;
  const [whole, hours = 0, minutes = 0, seconds = 0] = SPAN.exec(text) ?? [];
  if (!whole) return undefined;
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** To the millisecond: a unit must not leave 0.30000000000000004 behind. */
function rounded(seconds: number | undefined, factor = 1): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1_000) / 1_000 * factor;
}

function shareOf(value: unknown): number | undefined {
  const percent = typeof value === "string" && value.trim().endsWith("%");
  const number = numberOf(percent ? String(value).replace("%", "") : value);
  if (number === undefined) return undefined;
  return percent || number > 1 ? number / 100 : number;
}

function statusesOf(value: unknown): number[] | undefined {
  const items = typeof value === "string"
    ? value.split(/[,\s]+/)
    : Array.isArray(value)
    ? value
    : [value];
  const statuses = items.map(numberOf);
  return statuses.every((status) => status !== undefined) ? statuses : undefined;
}

/** What is within our bounds, and what had to be left out for that. */
function accepted(written: unknown): { config: FileConfig; refused: NotTaken[] } {
  const refused: NotTaken[] = [];
  let tree = written;
  // Each round leaves something out, so that it ends.
  for (;;) {
    const { config, issues } = checkWritten(tree, "");
    if (issues.length === 0) return { config, refused };
    const paths = new Set(issues.map(({ path }) => path));
    refused.push(...issues.map(({ kind, path, found, expected }) => ({
      path,
      ...(kind === "unknown_key" ? {} : { found }),
      why: kind === "unknown_key" ? "there is no such setting here" : `expected is ${expected}`,
    })));
    const rest = without(tree, paths, []);
    if (JSON.stringify(rest) === JSON.stringify(tree)) return { config: {}, refused };
    tree = rest;
  }
}

function without(value: unknown, paths: ReadonlySet<string>, at: readonly string[]): unknown {
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !paths.has(formatPath([...at, key])));
  return Object.fromEntries(kept.map(([key, child]) => [key, without(child, paths, [...at, key])]));
}

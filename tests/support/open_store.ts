/**
 * Opens a store by name, so that a process of its own can be told which one to use.
 *
 * @module
 */
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store } from "../../src/stores/store.ts";
import { upstashStore } from "../../src/stores/upstash.ts";

/** Backends that several processes can share, by the name that a worker is told. */
export const openStore: Readonly<Record<string, (target: string) => Store>> = {
  "deno-kv": (target) => denoKvStore(target),
  "sqlite": (target) => sqliteStore(target),
  // `https://TOKEN@HOST`: what `upstashTarget` makes.
  "upstash": (target) => {
    const url = new URL(target);
    const token = decodeURIComponent(url.username);
    url.username = "";
    return upstashStore({ url, token });
  },
};

/** The one word by which a worker is told a database. */
export function upstashTarget(url: string, token: string): string {
  const target = new URL(url);
  target.username = encodeURIComponent(token);
  return target.href;
}

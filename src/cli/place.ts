/**
 * Which store or edge API a command works on: what the command line names, else the environment or the configuration,
 * else the server that `breakwater serve` starts. Opens nothing.
 *
 * @module
 */
import type { LoadedConfig } from "../config/mod.ts";
import { UsageError } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** What `breakwater serve` listens on. */
export const DEFAULT_URL = "http://127.0.0.1:8000";

/** What was named. */
export type Place = { kind: "edge"; url: string; token?: string } | { kind: "store" };

/** What the command line says of the place. */
interface Named {
  url?: string;
  token?: string;
  /** True where it names a store. */
  store: boolean;
}

/**
 * Which of both.
 *
 * @param configured loads the configuration, which may name a store too
 * @throws {UsageError} where the command line names both
 */
export async function placeOf(
  named: Named,
  { env }: Pick<Terminal, "env">,
  configured: () => Promise<LoadedConfig>,
): Promise<Place> {
  const token = named.token ?? set(env["BREAKWATER_TOKEN"]);
  const edge = (url: string): Place => ({
    kind: "edge",
    url,
    ...(token !== undefined && { token }),
  });
  if (named.url !== undefined && named.store) {
    throw new UsageError("--store and --url name two places: give one of them");
  }
  if (named.url !== undefined) return edge(named.url);
  if (named.store) return { kind: "store" };
  const url = set(env["BREAKWATER_URL"]);
  if (url !== undefined) return edge(url);
  // What a server keeps in its own memory, that server has to be asked about.
  const { store } = await configured();
  return store.backend === "memory" ? edge(DEFAULT_URL) : { kind: "store" };
}

/** A variable that is empty counts as not set. */
function set(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

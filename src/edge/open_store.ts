/**
 * Which store the server uses: the one that is configured, or the nearest at hand. Part of the composition root.
 *
 * @module
 */
import type { ResolvedConfig } from "../config/mod.ts";
import { denoKvStore } from "../stores/deno_kv.ts";
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import { StartError } from "./settings.ts";

/** A store with its name for people. */
export interface OpenedStore {
  store: Store;
  /** `deno-kv in .breakwater/breakers.kv`. */
  name: string;
}

/** Where records live when nobody said. Relative: in the working directory. */
const DEFAULT_FOLDER = ".breakwater";
const DEFAULT_FILE = `${DEFAULT_FOLDER}/breakers.kv`;

/**
 * Opens the store and reads from it once, so that a wrong path is told now rather than with every verdict.
 *
 * @throws {StartError} where it cannot be used
 */
export async function openStore(
  { store: settings, sources }: Pick<ResolvedConfig, "store" | "sources">,
  onDeploy: boolean,
): Promise<OpenedStore> {
  if (sources["store.backend"] === "default") return await openNearest(onDeploy);
  const { backend, path } = settings;
  if (backend === "memory") {
    return { store: memoryStore(), name: "memory (lost when this process ends)" };
  }
  if (backend === "deno-kv") {
    if (onDeploy && path !== undefined) {
      throw new StartError(
        `Store deno-kv cannot be the file '${path}' on Deno Deploy: leave the path out and assign a ` +
          `database to the app`,
      );
    }
    return await openDenoKv(path);
  }
  throw new StartError(`Store ${backend} is not available here yet: use deno-kv or memory`);
}

async function openNearest(onDeploy: boolean): Promise<OpenedStore> {
  if (onDeploy) return await openDenoKv(undefined);
  try {
    await Deno.mkdir(DEFAULT_FOLDER, { recursive: true });
  } catch (error) {
    throw cannotOpen(`'${DEFAULT_FILE}'`, error);
  }
  return await openDenoKv(DEFAULT_FILE);
}

async function openDenoKv(path: string | undefined): Promise<OpenedStore> {
  const name = path === undefined ? "the default database" : `'${path}'`;
  const store = denoKvStore(path);
  try {
    await store.read(["breakwater:start"]);
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw cannotOpen(name, error);
  }
  return { store, name: `deno-kv in ${path ?? name}` };
}

function cannotOpen(name: string, error: unknown): StartError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartError(
    `Cannot open ${name} as the store: ${why}. Set BREAKWATER_STORE to deno-kv:PATH with a path that can be ` +
      `written, or to memory: (on Deno Deploy, assign a database to the app)`,
  );
}

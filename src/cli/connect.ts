/**
 * Opens the store or edge API that a command works on. The code of each is read only where it is used.
 *
 * @module
 */
import { isInFile } from "../config/backends.ts";
import type { LoadedConfig } from "../config/mod.ts";
import type { Backend } from "./backend.ts";
import { type ConnectOptions, UsageError } from "./command.ts";
import type { Place } from "./place.ts";
import type { Terminal } from "./terminal.ts";

/** Opens the place. */
export async function connect(
  place: Place,
  terminal: Terminal,
  configured: () => Promise<LoadedConfig>,
  { creates }: ConnectOptions,
): Promise<Backend> {
  const log = (line: string) => terminal.note(line);
  if (place.kind === "edge") {
    const { edgeBackend } = await import("./edge_backend.ts");
    return edgeBackend({ ...place, log });
  }
  const { storeBackend } = await import("./store_backend.ts");
  const config = await configured();
  const { backend, path } = config.store;
  if (backend === "memory" || path === ":memory:") {
    throw new UsageError(
      "What is in memory is of one process only, and gone when this one ends: " +
        "name the store that the others use, or --url of an edge API",
    );
  }
  const missing = await missingFile(config);
  if (missing !== undefined) terminal.note(noFile(missing) + (creates ? "; it is made now" : ""));
  if (missing !== undefined && !creates) {
    const { memoryStore } = await import("../stores/memory.ts");
    return storeBackend({ store: memoryStore(), name: `${backend} in ${path}`, config, log });
  }
  const { openStore } = await import("../edge/open_store.ts");
  const { store, name } = await openStore(config, false, terminal.env);
  return storeBackend({ store, name, config, log });
}

/** The file of the store, where there is none yet. */
export async function missingFile({ store }: LoadedConfig): Promise<string | undefined> {
  if (!isInFile(store)) return undefined;
  return await exists(store.path!) ? undefined : store.path;
}

/** That there is none. */
export function noFile(path: string): string {
  return `There is no file ${path} yet: nothing was ever recorded there, or the path is wrong`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    return true; // there, but not for us: opening it says why
  }
}

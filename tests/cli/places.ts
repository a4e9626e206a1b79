/**
 * What commands work on in tests: each kind of store that a machine has, and a real server.
 *
 * @module
 */
import { ServerProcess } from "../edge/server_process.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** A token that may do all. */
const ADMIN = "admin-token-of-tests";
/** A token that may look. */
export const READ = "read-token-of-tests-";

/** Somewhere that breakers live. */
interface Place extends AsyncDisposable {
  /** Flags and variables that lead there. */
  args: string[];
  env: Record<string, string>;
}

/** What every command is tried on, by name. */
export const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  "a SQLite store": () => storePlace("sqlite"),
  "an edge API": edgePlace,
};

/** A store in a file that is not there yet. */
export async function storePlace(backend: "sqlite" | "deno-kv"): Promise<Place> {
  const folder = await temporaryFolder();
  return {
    args: ["--store", `${backend}:${folder.path}/breakers`],
    env: {},
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A server with tokens, on a store in a file. */
export async function edgePlace(): Promise<Place> {
  const folder = await temporaryFolder();
  const server = new ServerProcess({
    env: {
      BREAKWATER_STORE: `sqlite:${folder.path}/breakers.sqlite`,
      BREAKWATER_ADMIN_TOKENS: ADMIN,
      BREAKWATER_READ_TOKENS: READ,
    },
  });
  return {
    args: ["--url", await server.url()],
    env: { BREAKWATER_TOKEN: ADMIN },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

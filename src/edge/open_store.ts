/**
 * Which store the server uses: the one that is configured, or the nearest at hand. Part of the composition root. What
 * not every server needs is loaded by who does.
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
  /** Rejects, and says why, where the store turns out not to answer; nobody waits for it. Absent: it has answered, or is asked later. */
  check?: Promise<unknown>;
}

/** Where records live when nobody said. Relative: in the working directory. */
const DEFAULT_FOLDER = ".breakwater";
/** What has not answered by then is told of, rather than waited for in silence. */
const OPEN_WITHIN_MS = 5_000;
/** Read to see whether a store can be; nothing stands there. */
const START_KEY = "breakwater:start";
const DEFAULT_FILE = `${DEFAULT_FOLDER}/breakers.kv`;

/** What the environment holds. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Where the token of an Upstash database stands, unless the configuration names another variable. */
const TOKEN_VARIABLE = "UPSTASH_REDIS_REST_TOKEN";

/**
 * Opens the store. A file is read from once, so that a wrong path is told now rather than with every verdict; a
 * database elsewhere is not waited for, since the server has to start, and answer, while that is down too.
 *
 * @throws {StartError} where it cannot be used
 */
export async function openStore(
  { store: settings, sources }: Pick<ResolvedConfig, "store" | "sources">,
  onDeploy: boolean,
  env: Environment,
): Promise<OpenedStore> {
  if (sources["store.backend"] === "default") return await openNearest(onDeploy);
  const { backend, path, timeoutMs } = settings;
  switch (backend) {
    case "memory":
      return { store: memoryStore(), name: "memory (lost when this process ends)" };
    case "deno-kv":
      if (!onDeploy) return await openDenoKv(path);
      if (path !== undefined) refuseFile(backend, path);
      return openAssigned();
    case "sqlite":
      if (onDeploy) refuseFile(backend, path!);
      return await openSqlite(path!, timeoutMs);
    case "upstash":
      return await openUpstash(settings, env);
  }
}

function refuseFile(backend: string, path: string): never {
  throw new StartError(
    `Store ${backend} cannot be the file '${path}' on Deno Deploy: use upstash:, or deno-kv without a path and ` +
      `assign a database to the app`,
  );
}

async function openSqlite(path: string, timeoutMs: number): Promise<OpenedStore> {
  const { sqliteStore } = await import("../stores/sqlite.ts");
  // A locked file holds up the whole process: no longer than a call may take.
  return await opened(made(() => sqliteStore(path, { busyTimeoutMs: timeoutMs })), "sqlite", path);
}

async function openUpstash(
  { url, tokenEnv }: ResolvedConfig["store"],
  env: Environment,
): Promise<OpenedStore> {
  const { upstashFromEnv, upstashStore } = await import("../stores/upstash.ts");
  const store = made(() => {
    if (url === undefined && tokenEnv === undefined) {
      return upstashFromEnv({ get: (key) => env[key] });
    }
    const token = env[tokenEnv ?? TOKEN_VARIABLE] ?? "";
    return upstashStore({ url: url ?? env["UPSTASH_REDIS_REST_URL"] ?? "", token });
  });
  return { store, name: "upstash" };
}

/**
 * Makes a store. Its own words name the setting that it refuses, and never a secret's value.
 *
 * @throws {StartError} where it refuses one
 */
function made(make: () => Store): Store {
  try {
    return make();
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}

async function openNearest(onDeploy: boolean): Promise<OpenedStore> {
  if (onDeploy) return openAssigned();
  try {
    await Deno.mkdir(DEFAULT_FOLDER, { recursive: true });
  } catch (error) {
    throw cannotOpen(`'${DEFAULT_FILE}'`, error);
  }
  return await openDenoKv(DEFAULT_FILE);
}

/** The database that is assigned to an app on Deno Deploy. */
function openAssigned(): OpenedStore {
  const store = denoKvStore();
  const check = inTime(store.read([START_KEY])).catch((error) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database does not answer, so that verdicts come from memory: ${why}. Is one assigned to the app?`,
    );
  });
  return { store, name: "deno-kv, the database assigned to the app", check };
}

async function openDenoKv(path: string | undefined): Promise<OpenedStore> {
  return await opened(denoKvStore(path), "deno-kv", path ?? "the default database");
}

async function opened(store: Store, backend: string, place: string): Promise<OpenedStore> {
  try {
    await inTime(store.read([START_KEY]), ", as if another process kept it locked");
  } catch (error) {
    // Not awaited: what cannot be opened may not be closed either, and the process ends.
    Promise.resolve(store[Symbol.asyncDispose]()).catch(() => {});
    throw cannotOpen(`'${place}'`, error);
  }
  return { store, name: `${backend} in ${place}` };
}

async function inTime<T>(answer: T | Promise<T>, hint = ""): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `no answer within ${OPEN_WITHIN_MS} ms${hint}`;
    timer = setTimeout(() => reject(new Error(why)), OPEN_WITHIN_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function cannotOpen(name: string, error: unknown): StartError {
  return new StartError(
    `Cannot open ${name} as the store: ${
      reasonOf(error)
    }. Set BREAKWATER_STORE to deno-kv:PATH or sqlite:PATH with a ` +
      `path that can be written, or to memory:`,
  );
}

/** Why; where an error names the file in its message, and the reason apart from that, the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}

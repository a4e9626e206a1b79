/**
 * The backends that a configuration can name, and what each is told. A new one is a line here; what opens it stands in
 * the composition root.
 *
 * @module
 */
import type { StoreBackend } from "./file_config.ts";

/** What stands after the colon of `BREAKWATER_STORE`, and as `path` in a file. */
const PATHS: Readonly<Record<StoreBackend, "none" | "optional" | "required">> = {
  memory: "none",
  "deno-kv": "optional",
  sqlite: "required",
  upstash: "none",
};

/** Every backend by name. */
export const BACKENDS = Object.keys(PATHS) as StoreBackend[]; // safe: the keys are those of the type

/** Those of which a path says something. */
export const BACKENDS_WITH_PATH = BACKENDS.filter((backend) => PATHS[backend] !== "none");

/** How a store is named in one word: `memory:, deno-kv:PATH, sqlite:PATH or upstash:`. */
export const BACKEND_GRAMMAR = grammar(BACKENDS);

/** Whether a backend cannot do without a path. */
export function needsPath(backend: unknown): boolean {
  return isBackend(backend) && PATHS[backend] === "required";
}

/** Whether a backend may be told a path. */
export function takesPath(backend: unknown): boolean {
  return isBackend(backend) && PATHS[backend] !== "none";
}

/** What the runtime takes for the address of a database elsewhere; in any other spelling it is a path. */
const DENO_KV_ADDRESS = /^https?:\/\//;

/** Whether its records are in a file of this machine; `:memory:` is none, nor is a Deno KV database at an address. */
export function isInFile(
  { backend, path }: { backend: StoreBackend; path?: string },
): boolean {
  if (!takesPath(backend) || path === undefined || path === ":memory:") return false;
  return backend !== "deno-kv" || !DENO_KV_ADDRESS.test(path);
}

/** Whether it is the name of one. */
export function isBackend(name: unknown): name is StoreBackend {
  return typeof name === "string" && Object.hasOwn(PATHS, name);
}

function grammar(backends: readonly StoreBackend[]): string {
  const forms = backends.map((name) => takesPath(name) ? `${name}:PATH` : `${name}:`);
  return `${forms.slice(0, -1).join(", ")} or ${forms.at(-1)}`;
}

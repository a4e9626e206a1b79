/**
 * The edge server: reads the environment, chooses store and clock, and listens. One file for `deno run`,
 * `deno serve` and Deno Deploy. What can be tested without a process lives in the files beside it.
 *
 * @module
 */
import { ConfigError, loadConfig, type ResolvedConfig } from "../config/mod.ts";
import { CONFIG_FLAGS } from "../config/flags.ts";
import { nearest } from "../config/issues.ts";
import { BreakerRegistry } from "../registry/registry.ts";
import type { Store } from "../stores/store.ts";
import { eventLogOf } from "../telemetry/event_log.ts";
import { observeRegistry } from "../telemetry/otel.ts";
import { createApp } from "./app.ts";
import { openStore } from "./open_store.ts";
import { addressText, drainable, exitOnSignals, type Fetch, listen } from "./serve.ts";
import {
  readSettings,
  requireTokensFor,
  type ServerSettings,
  StartError,
  unknownVariables,
} from "./settings.ts";

/** The app with all that is behind it. */
interface Edge {
  fetch: Fetch;
  /** Ends the answers that would never end by themselves. */
  endStreams(): void;
  /** Writes what is queued and closes the store. */
  flush(): Promise<void>;
}

/** `deno run` and Deno Deploy: the server is ours. */
async function run(): Promise<Fetch> {
  const settings = readSettings(Deno.env.toObject());
  if (!settings.onDeploy) requireTokensFor(settings.hostname, settings.tokens);
  const edge = await compose(settings);
  const { fetch, drain } = drainable(edge.fetch, edge.endStreams);
  let stopListening = () => Promise.resolve();
  exitOnSignals(drain, () => stopListening().then(edge.flush), log);
  try {
    const { hostname, port } = settings;
    stopListening = listen(fetch, hostname, port, (address) => {
      // Deno has a variable of its own that overrides HOST: DENO_SERVE_ADDRESS.
      requireTokensAt(address, settings);
      log(`Listening on ${addressText(address)}`);
    });
  } catch (error) {
    await edge.flush();
    throw error;
  }
  return fetch;
}

/** `deno serve`: it listens already, where its own flags say. */
async function serve(address: Deno.Addr): Promise<Fetch> {
  const settings = readSettings(Deno.env.toObject());
  requireTokensAt(address, settings);
  const edge = await compose(settings);
  const { fetch, drain } = drainable(edge.fetch, edge.endStreams);
  exitOnSignals(drain, edge.flush, log);
  log(`Listening on ${addressText(address)}`);
  return fetch;
}

/** Deno Deploy says itself where it listens, and has been asked for tokens before. */
function requireTokensAt(address: Deno.Addr, { onDeploy, tokens }: ServerSettings): void {
  if (!onDeploy && "hostname" in address) requireTokensFor(address.hostname, tokens);
}

async function compose(settings: ServerSettings): Promise<Edge> {
  settings.warnings.forEach(log);
  const env = Deno.env.toObject();
  const config = await loadConfig({
    env,
    args: Deno.args,
    readTextFile: (path) => Deno.readTextFile(path),
  });
  const [unknown] = config.rest;
  if (unknown !== undefined) {
    const meant = nearest(unknown, CONFIG_FLAGS);
    throw new StartError(
      `Unknown argument '${unknown}': ` +
        (meant === undefined
          ? "address and tokens are set by the variables HOST, PORT and BREAKWATER_*"
          : `did you mean ${meant}?`),
    );
  }
  unknownVariables(env, config.store.tokenEnv).forEach(log);
  const { store, name, check } = await openStore(config, settings.onDeploy, env);
  log(`Store: ${name}`);
  check?.catch(({ message }) => log(message));
  const registry = createRegistry(config, store);
  const app = createApp({
    registry,
    tokens: settings.tokens,
    tokenLimit: settings.tokenLimit,
    sources: config.sources,
    debug: config.debug,
    log,
  });
  observeRegistry(registry);
  return {
    fetch: (request, info) => app.fetch(request, info),
    endStreams: () => eventLogOf(registry).endReaders(),
    async flush() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function createRegistry({ breakers, store: settings }: ResolvedConfig, store: Store) {
  const { share, freshnessMs, timeoutMs, onError } = settings;
  return new BreakerRegistry({
    config: breakers,
    store,
    share,
    freshnessMs,
    timeoutMs,
    onStoreError: onError,
  });
}

/** Standard error, so that nothing mixes with what a caller may pipe. */
function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** What the operator can mend is told in words; a stack is for what only we can. */
function exitWith(error: unknown): never {
  const isExpected = error instanceof ConfigError || error instanceof StartError ||
    error instanceof Deno.errors.NotCapable;
  if (isExpected) log(error.message);
  else log(error instanceof Error ? error.stack ?? error.message : String(error));
  Deno.exit(1);
}

let started: Promise<Fetch> | undefined;

/**
 * What `deno serve` looks for. It calls `onListen` before any timer of this process fires, and nobody else calls
 * it: that tells it apart from `deno run`, where `import.meta.main` is true as well. The further threads of
 * `deno serve --parallel` are not told, and would listen on PORT besides: run several processes instead.
 */
export default {
  async fetch(request, info) {
    const fetch = await started;
    return fetch === undefined ? new Response(null, { status: 503 }) : fetch(request, info);
  },
  onListen(address) {
    started = serve(address).catch(exitWith);
  },
} satisfies Deno.ServeDefaultExport;

if (import.meta.main) {
  setTimeout(() => {
    started ??= run().catch(exitWith);
  }, 0);
}

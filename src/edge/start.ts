/**
 * The edge server put together and started: settings, store, registry, app, signals. What starts it (`main.ts`, or the
 * command line) hands in environment and arguments; nothing here reads them by itself.
 *
 * @module
 */
import type { Environment, ResolvedConfig } from "../config/mod.ts";
import { CONFIG_FLAGS } from "../config/flags.ts";
import { ConfigError, nearest } from "../config/issues.ts";
import { loadConfig } from "../config/load.ts";
import { BreakerRegistry } from "../registry/registry.ts";
import type { Store } from "../stores/store.ts";
import { eventLogOf } from "../telemetry/event_log.ts";
import { observeRegistry } from "../telemetry/otel.ts";
import { createCheckedApp } from "./app.ts";
import { anyHost, loopbackHostsOnly } from "./host_check.ts";
import { createTuner } from "./learning.ts";
import { openStore } from "./open_store.ts";
import { addressText, drainable, exitOnSignals, type Fetch, listen } from "./serve.ts";
import {
  hasTokens,
  readSettings,
  requireTokensFor,
  type ServerSettings,
  StartError,
  unknownVariables,
} from "./settings.ts";

/** What a server is started with. */
export interface StartOptions {
  /** Variables by name. */
  env: Environment;
  /** The configuration's flags, and nothing else. */
  args: readonly string[];
  /** Where its lines go. */
  log: (line: string) => void;
}

/** The app with all that is behind it. */
interface Edge {
  fetch: Fetch;
  /** Ends the answers that would never end by themselves. */
  endStreams(): void;
  /** Writes what is queued and closes the store. */
  flush(): Promise<void>;
  /** Records that the store does not hold as they are here. */
  unsaved(): number;
}

/**
 * A server of our own, where HOST and PORT say. Ends the process on a signal.
 *
 * @throws {StartError} where something has to be mended first
 * @throws {ConfigError} where the configuration is wrong
 */
export async function startServer(options: StartOptions): Promise<Fetch> {
  const { env, log } = options;
  const settings = readSettings(env);
  if (!settings.onDeploy) requireTokensFor(settings.hostname, settings.tokens);
  const edge = await compose(settings, options);
  const { fetch, drain } = drainable(edge.fetch, edge.endStreams);
  let stopListening = () => Promise.resolve();
  const close = () => stopListening().then(edge.flush);
  exitOnSignals({ drain, close, unsaved: edge.unsaved, log });
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

/**
 * The handler for a server that listens already, as `deno serve` does.
 *
 * @throws {StartError} where something has to be mended first
 * @throws {ConfigError} where the configuration is wrong
 */
export async function startBehind(address: Deno.Addr, options: StartOptions): Promise<Fetch> {
  const { env, log } = options;
  const settings = readSettings(env);
  requireTokensAt(address, settings);
  const edge = await compose(settings, options);
  const { fetch, drain } = drainable(edge.fetch, edge.endStreams);
  exitOnSignals({ drain, close: edge.flush, unsaved: edge.unsaved, log });
  log(`Listening on ${addressText(address)}`);
  return fetch;
}

/** Deno Deploy says itself where it listens, and has been asked for tokens before. */
function requireTokensAt(address: Deno.Addr, { onDeploy, tokens }: ServerSettings): void {
  if (!onDeploy && "hostname" in address) requireTokensFor(address.hostname, tokens);
}

async function compose(
  settings: ServerSettings,
  { env, args, log }: StartOptions,
): Promise<Edge> {
  settings.warnings.forEach(log);
  const config = await loadConfig({
    env,
    args,
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
  const tuner = await createTuner(registry, settings, log);
  const app = createCheckedApp({
    registry,
    tuner,
    tokens: settings.tokens,
    tokenLimit: settings.tokenLimit,
    sources: config.sources,
    debug: config.debug,
    log,
  }, hasTokens(settings.tokens) ? anyHost() : loopbackHostsOnly());
  observeRegistry(registry);
  return {
    fetch: (request, info) => app.fetch(request, info),
    endStreams: () => eventLogOf(registry).endReaders(),
    async flush() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
    unsaved: () => registry.stats().queues.unsaved,
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

/** What is told of an error that keeps a server from starting: what the operator can mend in words, the rest whole. */
export function startProblem(error: unknown): string {
  const isExpected = error instanceof ConfigError || error instanceof StartError ||
    error instanceof Deno.errors.NotCapable;
  if (isExpected) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/**
 * Records in Redis, asked for by a client that is handed in. Values stand there as they are, so that
 * `redis-cli GET` shows them, and an entry's version is its value.
 *
 * @module
 */
import {
  checkWrite,
  disposedError,
  isStorableKey,
  type ListOptions,
  type Page,
  pageLimit,
  type Store,
  type StoreOperation,
  type Versioned,
  type WriteResult,
} from "./store.ts";
import { isScriptUnknown, redisError, unreadableReply } from "./upstash_errors.ts";
import { scriptArguments, sha1Of } from "./upstash_script.ts";

/** The most buckets that one SCAN looks at. */
const MAX_SCAN_COUNT = 1_000;
/** Comes back as a number where a client parses replies, as other text where it takes them for base64. */
const ECHOED = "1234";
const SCAN_CURSOR = /^[1-9]\d{0,19}$/;

/** What the store needs of a Redis client; that of `@upstash/redis` has it. */
export interface UpstashClient {
  /** MGET. */
  mget(keys: string[]): Promise<unknown>;
  /** EVALSHA. */
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>;
  /** EVAL. */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
  /** SCAN. */
  scan(cursor: string, options: { match: string; count: number }): Promise<unknown>;
  /** ECHO. */
  echo(message: string): Promise<unknown>;
}

/** The store behind `upstashStore`. */
export class UpstashRecords implements Store {
  readonly #redis: UpstashClient;
  readonly #script: string;
  readonly #running = new Set<Promise<unknown>>();
  #sha1: Promise<string> | undefined;
  /** Whether the client is known to hand values on as they are. */
  #trusted: boolean;
  #disposed = false;

  /** A client that is not `trusted` is tried before its first use. */
  constructor(redis: UpstashClient, script: string, trusted: boolean) {
    this.#redis = redis;
    this.#script = script;
    this.#trusted = trusted;
  }

  async read(keys: readonly string[]): Promise<(Versioned | undefined)[]> {
    // Nobody can have written the others.
    const asked = keys.filter(isStorableKey);
    const values = await this.#run("read", () => this.#valuesOf("read", asked));
    let at = 0;
    return keys.map((key) => isStorableKey(key) ? versioned(values[at++]) : undefined);
  }

  async write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): Promise<WriteResult> {
    checkWrite(key, value, ttlMs);
    const args = scriptArguments(value, expected, ttlMs);
    const reply = await this.#run("write", () => this.#compareAndSet(key, args));
    const [done, held] = Array.isArray(reply) ? reply : [];
    if (done === 1) return { ok: true, version: value };
    if (done === 0) return { ok: false, current: versioned(held) };
    throw unreadableReply("write");
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    const count = Math.min(pageLimit(options), MAX_SCAN_COUNT);
    const from = scanCursor(prefix, options);
    return await this.#run("list", async () => {
      if (prefix !== "" && !isStorableKey(prefix)) return { entries: [] };
      const match = `${escapeGlob(prefix)}*`;
      const { cursor, keys } = scanned(
        await answerTo("list", () => this.#redis.scan(from, { match, count })),
      );
      const values = await this.#valuesOf("list", keys);
      const entries = keys.flatMap((key, at) => {
        const found = versioned(values[at]);
        // Gone since, or not a string and so none of our business.
        return found === undefined ? [] : [{ key, ...found }];
      });
      return cursor === "0" ? { entries } : { entries, cursor };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.allSettled(this.#running);
  }

  async #run<T>(operation: StoreOperation, run: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw disposedError(operation);
    const running = this.#trusted ? run() : this.#tryClient(operation).then(run);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** To compare by value is safe only where values come back as they are. */
  async #tryClient(operation: StoreOperation): Promise<void> {
    const echoed = await answerTo(operation, () => this.#redis.echo(ECHOED));
    if (echoed === Number(ECHOED)) throw clientError("automaticDeserialization: false");
    if (typeof echoed !== "string") throw unreadableReply(operation);
    if (echoed !== ECHOED) throw clientError("responseEncoding: false");
    this.#trusted = true;
  }

  async #valuesOf(operation: StoreOperation, keys: string[]): Promise<unknown[]> {
    if (keys.length === 0) return [];
    const values = await answerTo(operation, () => this.#redis.mget(keys));
    // A client that gave up may say null.
    if (!Array.isArray(values) || values.length !== keys.length) throw unreadableReply(operation);
    return values;
  }

  /** Calls the script by its digest, which is short; sends it whole where the server does not know it yet. */
  async #compareAndSet(key: string, args: string[]): Promise<unknown> {
    const sha1 = await (this.#sha1 ??= sha1Of(this.#script));
    return await answerTo("write", async () => {
      try {
        return await this.#redis.evalsha(sha1, [key], args);
      } catch (error) {
        if (!isScriptUnknown(error)) throw error;
        return await this.#redis.eval(this.#script, [key], args);
      }
    });
  }
}

async function answerTo(operation: StoreOperation, ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    throw redisError(operation, error);
  }
}

function versioned(value: unknown): Versioned | undefined {
  return typeof value === "string" ? { value, version: value } : undefined;
}

function scanCursor(prefix: string, options: ListOptions | undefined): string {
  const cursor = options?.cursor ?? "0";
  if (options?.cursor === undefined || SCAN_CURSOR.test(cursor)) return cursor;
  throw new RangeError(
    `Cannot list '${prefix}': 'cursor' must be that of the page before: ` +
      `received ${JSON.stringify(cursor.slice(0, 80))}`,
  );
}

/** What SCAN answered; a key that it names twice stands there once. */
function scanned(reply: unknown): { cursor: string; keys: string[] } {
  const [cursor, keys] = Array.isArray(reply) ? reply : [];
  if (!Array.isArray(keys) || (typeof cursor !== "string" && typeof cursor !== "number")) {
    throw unreadableReply("list");
  }
  const named = new Set(keys.filter((key) => typeof key === "string" && isStorableKey(key)));
  return { cursor: String(cursor), keys: [...named] };
}

/** Characters that a pattern of Redis gives a meaning mean themselves. */
function escapeGlob(text: string): string {
  return text.replaceAll(/[*?[\]\\]/g, "\\$&");
}

function clientError(setting: string): TypeError {
  return new TypeError(
    `Cannot use this Redis client: it changes the values it reads; make it with '${setting}'`,
  );
}

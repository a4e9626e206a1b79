/**
 * What a read tells while a write of the same record turns out to have been overtaken by another process.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";

/** A store on its way: while `holding`, each answer is given when it is let go, in whatever order. */
class HeldStore implements Store {
  holding = false;
  readonly held: (() => void)[] = [];
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(keys: readonly string[]) {
    return await this.#hold(await this.#store.read(keys));
  }

  async write(...args: Parameters<Store["write"]>) {
    const result = await this.#store.write(...args);
    // As a store that does not say what is there instead.
    return await this.#hold(result.ok ? result : { ok: false } as const);
  }

  list(...args: Parameters<Store["list"]>) {
    return this.#store.list(...args);
  }

  async [Symbol.asyncDispose]() {}

  #hold<T>(answer: T): Promise<T> | T {
    if (!this.holding) return answer;
    return new Promise((resolve) => this.held.push(() => resolve(answer)));
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("a read that shows an open is believed while an overtaken write reads again", async () => {
  const shared = memoryStore();
  const store = new HeldStore(shared);
  const options = {
    config: { defaults: { failMax: 2 } },
    freshnessMs: 0,
    timeoutMs: 5_000,
    now: () => 1_700_000_000_000,
  };
  const host = "a.example";
  await using mine = new BreakerRegistry({ ...options, store });
  await using other = new BreakerRegistry({ ...options, store: new HeldStore(shared) });
  const first = await mine.allow({ host });
  const second = await mine.allow({ host });
  const third = await other.allow({ host });
  assert(first.allowed && second.allowed && third.allowed);
  await mine.record(first.permit, { result: "failure" });
  assertEquals((await other.record(third.permit, { result: "failure" })).state, "open");

  store.holding = true;
  const told = Promise.resolve(mine.record(second.permit, { result: "failure" }));
  await turns();
  const asked = Promise.resolve(mine.allow({ host }));
  await turns();
  assertEquals(store.held.length, 2, "a write and a read are on their way");
  const [writeAnswered, readAnswered] = store.held;
  writeAnswered!();
  await turns();
  assertEquals(store.held.length, 3, "the write was overtaken, and reads again");
  readAnswered!();
  assertEquals((await asked).allowed, false);
  store.holding = false;
  store.held[2]!();
  assertEquals((await told).recorded, false);
});

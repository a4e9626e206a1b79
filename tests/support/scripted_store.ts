/**
 * A store that answers later, as one across a network does, and goes wrong on demand. What it holds and what
 * a compare-and-set means is the memory store's affair; only when and whether an answer comes is scripted.
 *
 * @module
 */
import { type MemoryStore, memoryStore } from "../../src/stores/memory.ts";
import type { ListOptions, Page, Store, Versioned, WriteResult } from "../../src/stores/store.ts";

type Operation = "read" | "write" | "list";

/** One command as it was sent. */
export interface Command {
  operation: Operation;
  keys: readonly string[];
}

/** A command whose answer is held back. What it does is done already. */
export interface HeldCommand extends Command {
  /** Lets the answer go. */
  release(): void;
  /** Fails the command instead. */
  refuse(): void;
}

/** How the store fails: `reject` later, `throw` at once, `hang` for ever, `lose` does it and never says so. */
export type Failure = "reject" | "throw" | "hang" | "lose";

/** Microtasks that an answer takes, more than the engine's own steps. */
const TURNS = 5;

/** See the module's description. */
export class ScriptedStore implements Store {
  /** What the store holds; another process's view of it, in a test. */
  readonly inner: MemoryStore;
  /** Every command sent, the latest last. */
  readonly commands: Command[] = [];
  /** Commands whose answers are held back. */
  readonly held: HeldCommand[] = [];
  /** Most writes of one key that were under way at once. */
  mostWritesAtOnce = 0;
  /** Failing from now on, until set to undefined. */
  failure: Failure | undefined;
  /** Answers of these operations are held back from now on. */
  holding: readonly Operation[] = [];
  /** A refused write says what stands there instead, as some stores do. */
  tellsCurrent = true;
  readonly #writesUnderWay = new Map<string, number>();
  readonly #beforeWrites: (() => void)[] = [];

  constructor(now: () => number) {
    this.inner = memoryStore({ now });
  }

  /** Commands sent so far, of one kind or of all. */
  count(operation?: Operation): number {
    return this.commands.filter((sent) => operation === undefined || sent.operation === operation)
      .length;
  }

  /** Runs once, right before the next write is decided: where another process can be quicker. */
  beforeNextWrite(run: () => void): void {
    this.#beforeWrites.push(run);
  }

  /** Lets every answer go that is held back, and holds none from now on. */
  releaseAll(): void {
    this.holding = [];
    for (const command of this.held.splice(0)) command.release();
  }

  read(keys: readonly string[]): Promise<(Versioned | undefined)[]> {
    return this.#send("read", keys, () => this.inner.read(keys));
  }

  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): Promise<WriteResult> {
    const answer = this.#send("write", [key], () => {
      this.#beforeWrites.shift()?.();
      return this.inner.write(key, value, expected, ttlMs);
    });
    this.#count(key, 1);
    const done = () => this.#count(key, -1);
    answer.then(done, done);
    return answer.then((result) => result.ok || this.tellsCurrent ? result : { ok: false });
  }

  list(prefix: string, options?: ListOptions): Promise<Page> {
    return this.#send("list", [prefix], () => this.inner.list(prefix, options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.inner[Symbol.asyncDispose]();
  }

  #count(key: string, by: 1 | -1): void {
    const underWay = (this.#writesUnderWay.get(key) ?? 0) + by;
    this.#writesUnderWay.set(key, underWay);
    this.mostWritesAtOnce = Math.max(this.mostWritesAtOnce, underWay);
  }

  #send<T>(operation: Operation, keys: readonly string[], run: () => T): Promise<T> {
    this.commands.push({ operation, keys });
    switch (this.failure) {
      case "throw":
        throw new Error("scripted: thrown at once");
      case "reject":
        return Promise.reject(new Error("scripted: rejected"));
      case "hang":
        return new Promise(() => {});
      case "lose":
        run();
        return new Promise(() => {});
    }
    return this.#answer(operation, keys, run);
  }

  async #answer<T>(operation: Operation, keys: readonly string[], run: () => T): Promise<T> {
    const value = run();
    if (this.holding.includes(operation)) {
      await new Promise<void>((release, reject) => {
        const refuse = () => reject(new Error("scripted: refused"));
        this.held.push({ operation, keys, release, refuse });
      });
    } else {
      for (let turn = 0; turn < TURNS; turn++) await undefined;
    }
    return value;
  }
}

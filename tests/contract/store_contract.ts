/**
 * The one suite that every store passes: runs the cases against a store. Nothing here knows a particular one.
 *
 * @module
 */
import type { Store } from "../../src/stores/store.ts";
import { listCases } from "./store_list_cases.ts";
import { limitCases } from "./store_limit_cases.ts";
import { raceCases } from "./store_race_cases.ts";
import { troubleCases } from "./store_trouble_cases.ts";
import { writeCases } from "./store_write_cases.ts";

/** A fresh, empty store for one test, and other ways to it. A case that needs one which is absent has to be skipped. */
export interface StoreUnderTest {
  store: Store;
  /** Opens another handle on the same records. Absent where there can be none. */
  second?: () => Promise<Store>;
  /** How a process of its own gets at the same records. Absent where it cannot. */
  worker?: { backend: string; target: string };
  /** What other programs might leave under a key, and how. Absent where none can. */
  plant?: Readonly<Record<string, (key: string) => Promise<unknown>>>;
  /** An outage. Absent where there can be none. */
  outage?: {
    /** Opens a handle on the same records that gives up soon. */
    hasty: () => Store;
    /** Keeps writes from being answered until it is disposed. */
    begin: () => Promise<AsyncDisposable>;
  };
  /** Clears away after the test. The store is disposed by then. */
  cleanUp?: () => PromiseLike<void>;
}

/** One test of the suite. */
export type StoreCase = (subject: StoreUnderTest) => Promise<void>;

/** Tests that a store does not have to pass, and why. */
export interface Skip {
  reason: string;
  /** Names from the tables of cases. */
  tests: readonly string[];
}

/** For a store that this process alone has, through the one handle that it made. */
export const OF_ONE_HANDLE: Skip = {
  reason:
    "one process has it, through one handle: nobody else can write there, or keep it from answering",
  tests: [
    "callers that count through two handles lose no update",
    "what one handle writes the other lists, reads and can replace",
    "two processes and this one that count at the same time lose no update",
    "what another program left under a key can be read, listed and overwritten",
    "what another program left under a key can be removed",
    "a write that is not answered fails, names no value, and leaves the old value or the new",
  ],
};

const cases: Readonly<Record<string, StoreCase>> = {
  ...writeCases,
  ...limitCases,
  ...listCases,
  ...raceCases,
  ...troubleCases,
};

/** Registers the whole suite for one store; `open` is called once a test. */
export function testStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  options: { skip?: readonly Skip[] } = {},
): void {
  const skipped = new Set<string>();
  for (const { tests } of options.skip ?? []) {
    for (const test of tests) {
      if (!Object.hasOwn(cases, test)) throw new RangeError(`No store test is called '${test}'`);
      skipped.add(test);
    }
  }
  for (const [sentence, run] of Object.entries(cases)) {
    // Not registered as ignored: that is for what could run elsewhere.
    if (!skipped.has(sentence)) Deno.test(`${name}: ${sentence}`, () => runCase(open, run));
  }
}

async function runCase(open: () => Promise<StoreUnderTest>, run: StoreCase): Promise<void> {
  const subject = await open();
  try {
    await run(subject);
  } finally {
    await subject.store[Symbol.asyncDispose]();
    await subject.cleanUp?.();
  }
}

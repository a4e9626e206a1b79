/**
 * The one suite that every store passes: runs the cases against a store. Nothing here knows a particular one.
 *
 * @module
 */
import type { Store } from "../../src/stores/store.ts";
import { listCases } from "./store_list_cases.ts";
import { limitCases } from "./store_limit_cases.ts";
import { raceCases } from "./store_race_cases.ts";
import { writeCases } from "./store_write_cases.ts";

/** A fresh, empty store for one test, and other ways to it. */
export interface StoreUnderTest {
  store: Store;
  /** Opens another handle on the same records. Absent where there can be none. */
  second?: () => Promise<Store>;
  /** How a process of its own gets at the same records. Absent where it cannot. */
  worker?: { backend: string; target: string };
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

const cases: Readonly<Record<string, StoreCase>> = {
  ...writeCases,
  ...limitCases,
  ...listCases,
  ...raceCases,
};

/** Registers the whole suite for one store; `open` is called once a test. */
export function testStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  options: { skip?: readonly Skip[] } = {},
): void {
  const skipped = new Map<string, string>();
  for (const { reason, tests } of options.skip ?? []) {
    for (const test of tests) {
      if (!Object.hasOwn(cases, test)) throw new RangeError(`No store test is called '${test}'`);
      skipped.set(test, reason);
    }
  }
  for (const [sentence, run] of Object.entries(cases)) {
    const reason = skipped.get(sentence);
    if (reason === undefined) Deno.test(`${name}: ${sentence}`, () => runCase(open, run));
    else Deno.test.ignore(`${name}: ${sentence} (skipped: ${reason})`, () => {});
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

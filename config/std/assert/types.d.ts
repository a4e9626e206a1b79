// deno-lint-ignore no-explicit-any -- a constructor takes anything
type Constructor<T> = abstract new (...args: any[]) => T;
export class AssertionError extends Error {}
export function assert(condition: unknown, message?: string): asserts condition;
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
): void;
export function assertEquals<T>(actual: T, expected: T, message?: string): void;
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
export function assertGreater<T>(actual: T, low: T, message?: string): void;
export function assertGreaterOrEqual<T>(actual: T, low: T, message?: string): void;
export function assertInstanceOf<T>(
  actual: unknown,
  expected: Constructor<T>,
  message?: string,
): asserts actual is T;
export function assertLess<T>(actual: T, high: T, message?: string): void;
export function assertLessOrEqual<T>(actual: T, high: T, message?: string): void;
export function assertMatch(actual: string, expected: RegExp, message?: string): void;
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
export function assertObjectMatch(actual: object, expected: object, message?: string): void;
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  error: Constructor<E>,
  includes?: string,
  message?: string,
): Promise<E>;
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T;
export function assertStringIncludes(actual: string, expected: string, message?: string): void;
export function assertThrows(fn: () => unknown, message?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  error: Constructor<E>,
  includes?: string,
  message?: string,
): E;
export function fail(message?: string): never;

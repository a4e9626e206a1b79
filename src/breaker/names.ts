/**
 * The names that callers choose: roles and resolvers.
 *
 * @module
 */

/** Name of the breaker that every role without one of its own shares. */
export const SHARED = "";

const ROLE_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/;
const RESOLVER_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Names that were found right before. A crawler has few of each, and a pattern takes longer than a look. */
const knownRoles = new Set<string>();
const knownResolvers = new Set<string>();
/** No more are remembered: names may come from anybody. */
const MAX_KNOWN = 64;

function matches(name: string, pattern: RegExp, known: Set<string>): boolean {
  if (known.has(name)) return true;
  if (!pattern.test(name)) return false;
  if (known.size < MAX_KNOWN) known.add(name);
  return true;
}

/**
 * Returns the role as it stands, or `""` where there is none.
 *
 * @throws {TypeError} for a name that is not `[a-z][a-z0-9_-]{0,31}`
 */
export function checkRole(role: string | undefined): string {
  if (role === undefined) return SHARED;
  if (typeof role === "string" && matches(role, ROLE_PATTERN, knownRoles)) return role;
  throw new TypeError(
    `Role must match [a-z][a-z0-9_-]{0,31}: current value is '${String(role).slice(0, 80)}'`,
  );
}

/**
 * Returns the resolver as it stands, or `""` where there is none.
 *
 * @throws {TypeError} for a name that is not `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
 */
export function checkResolver(resolver: string | undefined): string {
  if (resolver === undefined) return "";
  if (typeof resolver === "string" && matches(resolver, RESOLVER_PATTERN, knownResolvers)) {
    return resolver;
  }
  throw new TypeError(
    `Resolver must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}: ` +
      `current value is '${String(resolver).slice(0, 80)}'`,
  );
}

/** True for a role as a permit holds it: `""` is none. */
export function isRole(text: string): boolean {
  return text === SHARED || matches(text, ROLE_PATTERN, knownRoles);
}

/** True for a resolver as a permit holds it: `""` is none. */
export function isResolver(text: string): boolean {
  return text === "" || matches(text, RESOLVER_PATTERN, knownResolvers);
}

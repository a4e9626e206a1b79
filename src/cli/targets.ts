/**
 * What a command is about: hosts and resolvers as they were typed, and whether there is anything under such a name.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { checkResolver } from "../breaker/names.ts";
import { nearest } from "../config/issues.ts";
import type { WireSnapshot, WireView } from "../edge/wire.ts";
import { type Backend, pages, type Target } from "./backend.ts";
import { type Call, Refusal, UsageError } from "./command.ts";

/**
 * The hosts that a call names, then its resolvers.
 *
 * @throws {UsageError} where one can be neither
 */
export function targetsOf({ positionals, options }: Call): Target[] {
  return [
    ...positionals.map((name): Target => ({ scope: "host", name: checkedHost(name) })),
    ...options.texts("resolver").map((name): Target => ({
      scope: "resolver",
      name: checkedResolver(name),
    })),
  ];
}

/**
 * The name as it is, where it names a host.
 *
 * @throws {UsageError}
 */
export function checkedHost(name: string): string {
  return checked(name, hostKey);
}

/**
 * The name as it is, where it names a resolver.
 *
 * @throws {UsageError}
 */
export function checkedResolver(name: string): string {
  return checked(name, checkResolver);
}

function checked(name: string, check: (name: string) => string): string {
  try {
    check(name);
    return name;
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** How a breaker is named to people. */
export function nameOf({ scope, key }: Pick<WireSnapshot, "scope" | "key">): string {
  return scope === "host" ? key : `resolver ${key}`;
}

/** True where nothing is recorded: closed, with nothing counted. */
export function isBlank(snapshot: WireSnapshot): boolean {
  const blank = ({ state, failures, opens }: WireView) =>
    state === "closed" && failures === 0 && opens === 0;
  return blank(snapshot) && Object.values(snapshot.roles).every(blank);
}

/** That there is no record, and which name was perhaps meant. */
export async function noRecord(backend: Backend, snapshot: WireSnapshot): Promise<string> {
  const names: string[] = [];
  for await (const { breakers } of pages(backend)) {
    names.push(...breakers.filter(({ scope }) => scope === snapshot.scope).map(({ key }) => key));
  }
  const meant = nearest(snapshot.key, names);
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  const name = nameOf(snapshot);
  return `No record of ${name}: nothing is held against it, or nobody asks for such a name${hint}`;
}

/**
 * Asks before something is done to many; `--yes` answers.
 *
 * @throws {Refusal} where the answer is no, or nobody is there to give one
 */
export function confirm({ options, terminal }: Call, question: string): void {
  if (options.flag("yes")) return;
  const answer = terminal.ask(`${question} [y/N] `);
  if (answer !== undefined && /^y(es)?$/i.test(answer)) return;
  if (answer !== undefined) throw new Refusal("Nothing was changed");
  throw new Refusal(`${question} Nothing was changed: add --yes where nobody can be asked`);
}

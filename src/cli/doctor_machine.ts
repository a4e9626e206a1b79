/**
 * What the doctor looks at on this machine: the runtime, its permissions, and whether a server could start.
 *
 * @module
 */
import { takesPath } from "../config/backends.ts";
import type { Environment, LoadedConfig } from "../config/mod.ts";
import { readSettings, type ServerSettings, unknownVariables } from "../edge/settings.ts";
import { fault, type Finding, note, ok } from "./finding.ts";
import type { Place } from "./place.ts";
import { reasonOf } from "./reason.ts";

/** What the server is written for. */
const LEAST_DENO = [2, 5] as const;

/** The runtime. */
export function examineRuntime({ deno }: { deno: string } = Deno.version): Finding[] {
  const [major = 0, minor = 0] = deno.split(".").map(Number);
  const [leastMajor, leastMinor] = LEAST_DENO;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
    return [ok("runtime", `Deno ${deno}`)];
  }
  const least = LEAST_DENO.join(".");
  return [fault("runtime", `Deno ${deno} is older than ${least}: run deno upgrade`)];
}

/** What this process may not do, but would have to. */
export async function permissionFaults(
  place: Place,
  config: LoadedConfig | undefined,
): Promise<Finding[]> {
  const wanted: Deno.PermissionDescriptor[] = [{ name: "env" }];
  if (place.kind === "edge") wanted.push({ name: "net", host: new URL(place.url).host });
  else if (config?.store.backend === "upstash") wanted.push({ name: "net" });
  else if (config?.store.path !== undefined && config.store.path !== ":memory:") {
    const { path } = config.store;
    wanted.push({ name: "read", path }, { name: "write", path });
  }
  const found = await Promise.all(wanted.map(async (descriptor) => {
    const { state } = await Deno.permissions.query(descriptor);
    return state === "granted" ? [] : [descriptor];
  }));
  const missing = found.flat().map((descriptor) => `--allow-${flagOf(descriptor)}`);
  if (missing.length === 0) return [];
  return [fault("permissions", `missing: start deno with ${missing.join(" ")}, or with -A`)];
}

function flagOf(descriptor: Deno.PermissionDescriptor): string {
  if ("host" in descriptor) return `net=${descriptor.host}`;
  return "path" in descriptor ? `${descriptor.name}=${descriptor.path}` : descriptor.name;
}

/** Whether `breakwater serve` would start here, and on Deno Deploy. */
export function examineServer(
  env: Environment,
  config: LoadedConfig | undefined,
  mustDeploy: boolean,
): Finding[] {
  const unknown = unknownVariables(env, config?.store.tokenEnv).map((says) =>
    note("variables", says)
  );
  let settings: ServerSettings;
  try {
    settings = readSettings({ ...env, DENO_DEPLOYMENT_ID: "", DENO_DEPLOY: "" });
  } catch (error) {
    return [...unknown, fault("tokens", reasonOf(error))];
  }
  const { tokens, warnings } = settings;
  const set = Object.entries(tokens).filter(([, some]) => some.length > 0);
  const counts = set.map(([scope, some]) => `${some.length} ${scope}`).join(", ");
  const none = "none set: a server listens on loopback only (BREAKWATER_ADMIN_TOKENS and others)";
  return [
    ...unknown,
    set.length > 0 ? ok("tokens", counts) : note("tokens", none),
    ...warnings.map((says) => note("tokens", says)),
    deployFinding(set.length > 0, config, mustDeploy),
  ];
}

function deployFinding(
  hasTokens: boolean,
  config: LoadedConfig | undefined,
  mustDeploy: boolean,
): Finding {
  const lacks: string[] = [];
  if (!hasTokens) lacks.push("set BREAKWATER_CRAWL_TOKENS, _READ_TOKENS and _ADMIN_TOKENS");
  if (config?.store.path !== undefined && takesPath(config.store.backend)) {
    lacks.push(`there are no files: use upstash:, or deno-kv: with a database assigned to the app`);
  }
  if (lacks.length === 0) return ok("deploy", "ready for Deno Deploy");
  const says = `not ready for Deno Deploy: ${lacks.join("; ")}`;
  return mustDeploy ? fault("deploy", says) : note("deploy", says);
}

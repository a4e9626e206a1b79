/**
 * `breakwater doctor`: is everything there that is needed. What is looked at stands in the files beside it.
 *
 * @module
 */
import { ConfigError, type LoadedConfig } from "../config/mod.ts";
import { type Call, UsageError } from "./command.ts";
import { examineEdge } from "./doctor_edge.ts";
import { examineRuntime, examineServer, permissionFaults } from "./doctor_machine.ts";
import { examineStore } from "./doctor_store.ts";
import { fault, type Finding, type Health, ok } from "./finding.ts";
import type { Place } from "./place.ts";
import { reasonOf } from "./reason.ts";
import { type Paint, paintFor, plain } from "./text.ts";

/** Resolves to 1 where there is a fault. */
export async function doctor(call: Call): Promise<number> {
  const { positionals, options, json, terminal } = call;
  if (positionals.length > 0) throw new UsageError("doctor takes no names");
  const findings: Finding[] = [];
  const tell = (some: readonly Finding[]) => {
    findings.push(...some);
    const paint = paintFor(terminal);
    if (!json) { for (const finding of some) terminal.write(line(paint, finding)); }
  };
  tell(examineRuntime());
  const configured = await loaded(call);
  tell([configured.finding]);
  const { config } = configured;
  const place = await call.place().catch((error) => {
    // Told above; where the configuration is wrong, the store that it names is not known.
    if (error instanceof ConfigError) return { kind: "store" } as const;
    throw error;
  });
  const missing = await permissionFaults(place, await config.catch(() => undefined));
  tell(missing);
  if (missing.length === 0) tell(await examinePlace(place, configured, call));
  if (place.kind === "store") {
    tell(examineServer(terminal.env, await config.catch(() => undefined), options.flag("deploy")));
  }
  const healthy = findings.every(({ health }) => health !== "fault");
  if (json) terminal.write(`${JSON.stringify({ ok: healthy, checks: findings })}\n`);
  return healthy ? 0 : 1;
}

/** A configuration that may be wrong. */
interface Configured {
  config: Promise<LoadedConfig>;
  finding: Finding;
}

async function loaded({ config }: Call): Promise<Configured> {
  const loading = config();
  try {
    const { source, breakers } = await loading;
    const what = source ?? "built-in defaults, environment and flags";
    return { config: loading, finding: ok("config", `${what}; mode ${breakers.mode}`) };
  } catch (error) {
    const finding = fault("config", `${reasonOf(error)} (breakwater check says more)`);
    return { config: loading, finding };
  }
}

async function examinePlace(
  place: Place,
  { config }: Configured,
  { terminal }: Call,
): Promise<Finding[]> {
  if (place.kind === "edge") return await examineEdge(place, terminal.now);
  const known = await config.catch(() => undefined);
  if (known === undefined) return [fault("store", "not looked at: mend the configuration first")];
  return await examineStore(known, terminal);
}

const WORDS: Readonly<Record<Health, string>> = { ok: "ok", note: "note", fault: "FAULT" };

function line(paint: Paint, { check, health, says }: Finding): string {
  const colour = { ok: paint.green, note: paint.yellow, fault: paint.red }[health];
  return `${colour(WORDS[health].padEnd(5))}  ${check.padEnd(12)}  ${plain(says)}\n`;
}

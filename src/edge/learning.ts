/**
 * What the server learns with: the event log, where one is kept, and the tuner, which judges its advice on it.
 *
 * @module
 */
import type { RegistryCore } from "../registry/core.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import type { Evidence } from "../tuning/evidence.ts";
import { summaryMetrics } from "../tuning/summary_metrics.ts";
import type { TunerOptions, TunerRound } from "../tuning/tuner_options.ts";
import { type EdgeTuner, lateTuner } from "./late_tuner.ts";
import { LogJudge } from "./log_judge.ts";
import { type ServerSettings, StartError } from "./settings.ts";

/**
 * Opens the event log and makes the tuner: with `enforce` one that works by itself from now on, else one that is loaded
 * when it is asked. Both end with the registry.
 *
 * @throws {StartError} where the event log cannot be opened
 */
export async function createTuner(
  registry: BreakerRegistry,
  { tuner: mode, eventLog }: Pick<ServerSettings, "tuner" | "eventLog">,
  log: (line: string) => void,
): Promise<EdgeTuner> {
  if (eventLog !== undefined) await openLog(registry, eventLog, log);
  const options: TunerOptions = {
    registry,
    mode,
    metrics: summaryMetrics(registry),
    evidence: eventLog === undefined || mode === "observe"
      ? undefined
      : evidenceOf(eventLog, coreOf(registry)),
    onRound: (round) => linesOf(round).forEach(log),
  };
  if (mode !== "enforce") return lateTuner(options);
  const { Tuner } = await import("../tuning/tuner.ts");
  const tuner = new Tuner(options);
  tuner.start();
  return tuner;
}

async function openLog(
  registry: BreakerRegistry,
  path: string,
  log: (line: string) => void,
): Promise<void> {
  const { openSqliteLog } = await import("../telemetry/sqlite_log.ts");
  try {
    await openSqliteLog(registry, path, { onTrouble: log });
  } catch (error) {
    // What is wrong with a file is told by its message; a permission that is missing tells itself.
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    throw new StartError(error.message);
  }
  log(`Event log: ${path}`);
}

/** What the log says of policies, until the registry is disposed. */
function evidenceOf(path: string, { closers }: RegistryCore): Evidence {
  const judge = new LogJudge(path);
  closers.add(() => Promise.resolve(judge.close()));
  return judge.evidence;
}

function linesOf({ steps, problems }: TunerRound): string[] {
  return [
    ...steps.map(({ host, role, reason }) =>
      `Tuner: ${host}${role === undefined ? "" : ` (${role})`}: ${reason}`
    ),
    ...problems.map((problem) => `Tuner: ${problem}`),
  ];
}

/**
 * `breakwater advise`: what the advisor proposes, applied or written as a patch of the configuration.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { policyChangesYaml, policyFromYaml } from "../config/mod.ts";
import type { WireAdvice, WireApplied } from "../edge/advice_wire.ts";
import type { Backend } from "./backend.ts";
import { type Call, Refusal, UsageError } from "./command.ts";
import { writeNew } from "./files.ts";
import { checkedHost, confirm } from "./targets.ts";
import { type Paint, paintFor, plain } from "./text.ts";

/** How far back the advisor can look, in seconds. */
const LEAST_S = 60;
const MOST_S = 86_400;
/** Applied in one call. */
const AT_ONCE = 100;

/** See the module's description. */
export async function advise(call: Call): Promise<void> {
  const { positionals, options, json, terminal } = call;
  if (positionals.length > 0) throw new UsageError("advise takes no names: --host HOST");
  const windowS = Math.ceil(options.number("window-s", MOST_S) ?? 3_600);
  if (windowS < LEAST_S) throw new UsageError(`--window-s must be ${LEAST_S} or more`);
  const host = options.text("host");
  const patch = options.text("patch");
  if (patch !== undefined && options.flag("enforce")) {
    throw new UsageError("Either --enforce or --patch: a change is made at one place");
  }
  if (patch === "-" && json) throw new UsageError("--patch - writes YAML: leave out --json");
  const key = host === undefined ? undefined : hostKey(checkedHost(host));
  await using backend = await call.connect({ creates: options.flag("enforce") });
  const { advice: all, complete } = await backend.advice(windowS);
  const advice = all.filter((each) => key === undefined || each.host === key);
  if (complete === false) {
    terminal.note(
      "Not all that happened could be read: the store did not answer, or holds too much",
    );
  }
  if (patch !== undefined) return await writePatch(call, patch, advice);
  if (options.flag("enforce")) return await enforce(call, backend, advice, windowS);
  if (json) return terminal.write(`${JSON.stringify({ window_s: windowS, complete, advice })}\n`);
  const paint = paintFor(terminal);
  terminal.write(advice.map((each) => drawn(paint, each)).join("\n") || nothing(windowS));
}

function nothing(windowS: number): string {
  return `The advisor has nothing to say of the last ${windowS} s\n`;
}

function drawn(paint: Paint, advice: WireAdvice): string {
  const { host, role, rule, parameter, from, to, reason, evidence, confidence } = advice;
  const name = role === undefined ? host : `${host} role ${role}`;
  const change = `${parameter} ${from ?? "not set"} -> ${paint.bold(String(to))}`;
  const numbers = Object.entries(evidence).map(([key, value]) => `${key} ${rounded(value)}`);
  const lines = [
    `${paint.bold(plain(name))}  ${change}  (${rule}, confidence ${confidence.toFixed(2)})`,
    `  ${plain(reason)}`,
    `  evidence: ${numbers.join(", ")}`,
  ];
  if (advice.replay !== undefined) {
    const { verdict, present, candidate } = advice.replay;
    const pairs = [
      `wasted ${present.wasted} -> ${candidate.wasted}`,
      `missed ${present.missed} -> ${candidate.missed}`,
    ];
    lines.push(`  on its log: ${verdict} (${pairs.join(", ")})`);
  }
  if (advice.withheld !== undefined) {
    lines.push(`  ${paint.yellow("withheld")}: ${plain(advice.withheld)}`);
  }
  return `${lines.join("\n")}\n`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** The most urgent of each host: one step at a time shows what it did. */
async function enforce(
  call: Call,
  backend: Backend,
  advice: readonly WireAdvice[],
  windowS: number,
): Promise<void> {
  const { json, terminal } = call;
  const hosts = new Map<string, WireAdvice>();
  for (const each of advice) {
    if (each.withheld === undefined && !hosts.has(each.host)) hosts.set(each.host, each);
  }
  const wanted = [...hosts.values()];
  if (wanted.length > 1) {
    confirm(
      call,
      `Change the policies of ${wanted.length} hosts: ${[...hosts.keys()].slice(0, 5).join(", ")}?`,
    );
  }
  const done: WireApplied = { applied: [], undone: [], refused: [] };
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const some = wanted.slice(i, i + AT_ONCE).map(({ host, role, rule }) => ({ host, role, rule }));
    const { applied, refused } = await backend.applyAdvice(some, windowS);
    done.applied.push(...applied);
    done.refused.push(...refused);
  }
  if (json) terminal.write(`${JSON.stringify(done)}\n`);
  else if (wanted.length === 0) terminal.write("There is nothing to apply\n");
  else terminal.write(done.applied.map((step) => applied(paintFor(terminal), step)).join(""));
  if (done.refused.length === 0) return;
  throw new Refusal(done.refused.map(({ host, reason }) => `${host}: ${reason}`).join("\n"));
}

function applied(
  paint: Paint,
  { host, parameter, from, to }: WireApplied["applied"][number],
): string {
  return `${paint.bold(plain(host))}: ${parameter} was ${from ?? "not set"}, is ${to}\n`;
}

async function writePatch(
  { json, terminal }: Call,
  file: string,
  advice: readonly WireAdvice[],
): Promise<void> {
  const changes = advice.filter(({ withheld }) => withheld === undefined)
    .map(({ host, patch, reason }) => ({ host, patch: policyFromYaml(patch), reason }));
  const yaml = policyChangesYaml(changes);
  if (file === "-") return terminal.write(yaml);
  await writeNew(file, yaml);
  const answer = { file, changes: changes.length };
  terminal.write(
    json ? `${JSON.stringify(answer)}\n` : `${file} written: ${changes.length} changes\n`,
  );
}

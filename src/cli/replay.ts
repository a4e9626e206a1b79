/**
 * `breakwater replay`: what would have happened under another configuration, as a table and as a picture.
 *
 * @module
 */
import { parse } from "@std/yaml";
import { hostKey } from "../breaker/host_key.ts";
import { DEFAULT_POLICY, mergePolicy } from "../breaker/policy.ts";
import type { BreakerConfigInput, BreakerPolicy } from "../breaker/policy_types.ts";
import { parseConfig, parsePolicyPatch, resolveConfig } from "../config/mod.ts";
import { isTree } from "../config/tree.ts";
import { Policies } from "../registry/overrides/policies.ts";
import { EventFileError, openEventFile } from "../tuning/event_file.ts";
import { replayEach } from "../tuning/replay.ts";
import { compareReports, type Comparison, type Report } from "../tuning/report.ts";
import { type Call, Refusal, UsageError } from "./command.ts";
import { readText } from "./files.ts";
import { checkedHost } from "./targets.ts";
import { type Paint, paintFor, plain, span, table } from "./text.ts";

/** A host under both configurations. */
interface Compared {
  host: string;
  requests: number;
  comparison: Comparison;
}

/** Rows of the picture. */
const DRAWN = 12;
/** Widest bar, in characters. */
const WIDEST = 50;

/** See the module's description. */
export async function replay(call: Call): Promise<void> {
  const { positionals: [log, ...more], options, json, terminal } = call;
  const file = options.text("policy");
  if (log === undefined || more.length > 0) throw new UsageError("replay takes one LOG");
  if (file === undefined) throw new UsageError("Name what to try: replay LOG --policy FILE");
  const against = options.text("against");
  const candidate = policiesOf(await configOf(file));
  const present = policiesOf(
    against === undefined ? (await call.config()).breakers : await configOf(against),
  );
  const [now, then] = await reports(call, log, (host) => [present(host), candidate(host)]);
  const comparison = compareReports(now!, then!);
  const hosts = now!.hosts.map((host, i): Compared => ({
    host: host.host,
    requests: host.requests,
    comparison: compareReports(host, then!.hosts[i]!),
  }));
  if (json) {
    const answer = snakeCase({ present: now, candidate: then, comparison, hosts });
    return terminal.write(`${JSON.stringify(answer)}\n`);
  }
  const paint = paintFor(terminal);
  terminal.write(`${drawn(paint, now!, hosts, comparison)}\n${picture(paint, hosts)}`);
}

async function reports(
  { options, terminal }: Call,
  log: string,
  policies: (host: string) => readonly BreakerPolicy[],
): Promise<Report[]> {
  const host = options.text("host");
  const sinceS = options.number("since-s", 1e9);
  try {
    using file = await openEventFile(log, {
      skipDamaged: options.flag("skip-damaged"),
      ...(host !== undefined && { host: hostKey(checkedHost(host)) }),
      ...(sinceS !== undefined && { sinceMs: terminal.now() - sinceS * 1_000 }),
    });
    const found = replayEach(file.events(), policies, 2, {});
    if (file.skipped > 0) {
      terminal.note(`${file.skipped} rows could not be read, and were left out`);
    }
    if (found[0]!.requests === 0) {
      throw new Refusal(`${log} holds no request that could be replayed`);
    }
    return found;
  } catch (error) {
    if (!(error instanceof EventFileError)) throw error;
    throw new Refusal(`${error.message}${error.row === undefined ? "" : " (--skip-damaged)"}`);
  }
}

const SECTIONS = ["mode", "store", "defaults", "advanced", "rates", "hosts", "resolvers"];

/** A whole configuration, or the settings of one policy for every host. */
async function configOf(file: string): Promise<BreakerConfigInput> {
  const text = await readText(file);
  let written: unknown;
  try {
    written = parse(text);
  } catch {
    // Whoever reads it as a whole configuration says where it is wrong.
  }
  const isPolicy = isTree(written) && Object.keys(written).length > 0 &&
    !Object.keys(written).some((key) => SECTIONS.includes(key));
  if (isPolicy) return { defaults: mergePolicy(DEFAULT_POLICY, parsePolicyPatch(written)) };
  return resolveConfig({ file: parseConfig(text, file), source: file }).breakers;
}

function policiesOf(config: BreakerConfigInput): (host: string) => BreakerPolicy {
  const book = new Policies(config);
  return (host) => book.ofHost(host);
}

const HEAD = ["HOST", "REQUESTS", "WASTED", "MISSED", "OPENS", "OPEN FOR", "NOTICED IN", "VERDICT"];

function drawn(
  paint: Paint,
  { requests, startMs = 0, endMs = 0, paced, cached }: Report,
  hosts: readonly Compared[],
  comparison: Comparison,
): string {
  const rows = [...hosts, { host: "all hosts", requests, comparison }].map((each) =>
    row(paint, each)
  );
  const counts = `${requests} requests in ${span(endMs - startMs)}; ` +
    `${cached} from a cache and ${paced} denied by pacing are left out`;
  const legend = "wasted: sent, and failed; missed: denied, and would have been answered; " +
    "present -> candidate";
  return `${counts}\n\n${table(HEAD, rows)}\n${legend}\n`;
}

function row(paint: Paint, { host, requests, comparison }: Compared): string[] {
  const { wasted, missed, opens, openMs, noticeMs, verdict } = comparison;
  const colour = colourOf(paint, verdict);
  const noticed = noticeMs.map((ms) => ms === undefined ? "-" : span(ms));
  return [
    plain(host),
    String(requests),
    wasted.map((count) => Math.round(count)).join(" -> "),
    missed.map((count) => Math.round(count)).join(" -> "),
    opens.join(" -> "),
    openMs.map(span).join(" -> "),
    noticed.join(" -> "),
    colour(verdict),
  ];
}

function colourOf(paint: Paint, verdict: Comparison["verdict"]): (text: string) => string {
  return { better: paint.green, same: paint.dim, worse: paint.red }[verdict];
}

/** Cost by host, the largest first: what is there now, and below it what would be. */
function picture(paint: Paint, hosts: readonly Compared[]): string {
  const most = Math.max(1, ...hosts.flatMap(({ comparison }) => comparison.cost));
  const ranked = hosts.filter(({ comparison }) => Math.max(...comparison.cost) > 0)
    .toSorted((a, b) => Math.max(...b.comparison.cost) - Math.max(...a.comparison.cost))
    .slice(0, DRAWN);
  if (ranked.length === 0) return "Neither of both costs anything: nothing was wasted or missed\n";
  const width = Math.max(...ranked.map(({ host }) => host.length));
  const lines = ranked.flatMap(({ host, comparison: { cost: [from, to], verdict } }) => {
    const colour = colourOf(paint, verdict);
    return [
      `${plain(host).padEnd(width)}  present    ${bar(from, most)}`,
      `${" ".repeat(width)}  candidate  ${colour(bar(to, most))}`,
    ];
  });
  return `${paint.bold("Cost (wasted and missed)")}\n${lines.join("\n")}\n`;
}

function bar(value: number, most: number): string {
  const length = Math.round(value / most * WIDEST);
  return `${value > 0 ? "█".repeat(Math.max(1, length)) : ""} ${Math.round(value)}`;
}

/** Names as everywhere in JSON. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}

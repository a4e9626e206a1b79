/**
 * `breakwater show`: how breakers stand.
 *
 * @module
 */
import type { BreakerState, Mode } from "../breaker/state.ts";
import type { WireSnapshot, WireView } from "../edge/wire.ts";
import type { WirePolicy, WireSource } from "../edge/policy_wire.ts";
import { type Backend, pages, type Target } from "./backend.ts";
import { type Call, Refusal, UsageError } from "./command.ts";
import { pause } from "./pause.ts";
import { isBlank, nameOf, noRecord, targetsOf } from "./targets.ts";
import { clock, fitted, type Paint, paintFor, paintState, plain, span, table } from "./text.ts";

/** A breaker with what its policy is made of. */
interface Shown extends WireSnapshot {
  /** Where the values of a host's policy come from; absent for a resolver. */
  policy?: WireSource[];
  /** False where nothing is recorded under such a name. */
  record?: false;
}

/** What is drawn at a time. */
interface View {
  breakers: Shown[];
  next_cursor?: string;
  /** What is to be said of names without a record. */
  notes: string[];
  /** What is stored for every process, where there is something. */
  mode?: Mode;
}

const STATES = ["open", "half_open", "closed"] as const;
/** Rows. */
const MOST = 100_000;
/** Policies asked for at once. */
const AT_ONCE = 8;

/** See the module's description. */
export async function show(call: Call): Promise<void> {
  const { options, terminal } = call;
  const targets = targetsOf(call);
  const state = options.word("state", STATES);
  const limit = Math.ceil(options.number("limit", MOST) ?? 100);
  const intervalMs = (options.number("interval-s", 3_600) ?? 2) * 1_000;
  if (state !== undefined && targets.length > 0) {
    throw new UsageError("--state goes with a listing: leave out the names, or --state");
  }
  await using backend = await call.connect({ creates: false });
  const look = async (): Promise<View> => {
    const looking = targets.length > 0
      ? lookAt(backend, targets)
      : lookAtAll(backend, { state, limit });
    const [view, { override }] = await Promise.all([looking, backend.mode()]);
    return { ...view, mode: override };
  };
  let drawn = drawing(call, backend, await look());
  if (!options.flag("watch")) return write(call, drawn);
  const signal = terminal.interrupted();
  while (!signal.aborted) {
    redraw(call, backend, drawn);
    await pause(intervalMs, signal);
    if (signal.aborted) return;
    drawn = await look().then((view) => drawing(call, backend, view), stillThere);
  }
}

/** What is on the screen: a watcher outlives a server that starts anew. */
function stillThere(error: unknown): Drawing {
  if (error instanceof Refusal) return { text: "", notes: [error.message] };
  throw error;
}

/** Home, then clear: nothing flickers, and what was there before stays above. */
function redraw(call: Call, { name }: Backend, drawn: Drawing): void {
  const { json, terminal } = call;
  if (json || !terminal.isInteractive) return write(call, drawn);
  const head = [`${name} at ${clock(terminal.now())}`, ...drawn.notes, ""];
  const lines = [...head, ...drawn.text.trimEnd().split("\n")];
  const size = terminal.size();
  const shown = size === undefined ? lines : fitted(lines, size);
  terminal.write(`\x1b[H\x1b[2J${shown.join("\n")}\n`);
}

async function lookAtAll(
  backend: Backend,
  options: { state?: BreakerState; limit: number },
): Promise<View> {
  const breakers: Shown[] = [];
  let next_cursor: string | undefined;
  for await (const page of pages(backend, options)) {
    breakers.push(...await withPolicies(backend, page.breakers));
    next_cursor = page.next_cursor;
  }
  return {
    breakers,
    ...(next_cursor !== undefined && { next_cursor }),
    notes: [],
  };
}

async function lookAt(backend: Backend, targets: readonly Target[]): Promise<View> {
  const snapshots = await Promise.all(targets.map((target) => backend.inspect(target)));
  const shown = await withPolicies(backend, snapshots);
  const notes: string[] = [];
  for (const snapshot of shown) {
    if (!isBlank(snapshot)) continue;
    snapshot.record = false;
    notes.push(await noRecord(backend, snapshot));
  }
  return { breakers: shown, notes };
}

async function withPolicies(
  backend: Backend,
  snapshots: readonly WireSnapshot[],
): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (let i = 0; i < snapshots.length; i += AT_ONCE) {
    const some = snapshots.slice(i, i + AT_ONCE);
    shown.push(...await Promise.all(some.map((snapshot) => withPolicy(backend, snapshot))));
  }
  return shown;
}

async function withPolicy(backend: Backend, snapshot: WireSnapshot): Promise<Shown> {
  if (snapshot.scope === "resolver") return snapshot;
  return { ...snapshot, policy: sourcesOf(await backend.policy(snapshot.key)) };
}

/** Which layers say something, the strongest first; the defaults where none does. */
function sourcesOf({ sources }: WirePolicy): WireSource[] {
  const order: readonly WireSource[] = [
    "override",
    "process",
    "flags",
    "environment",
    "file",
    "config",
  ];
  const said = new Set(Object.values(sources));
  const found = order.filter((source) => said.has(source));
  return found.length === 0 ? ["default"] : found;
}

/** A view as it is written, and what is said beside it. */
interface Drawing {
  text: string;
  notes: string[];
}

function drawing({ json, terminal }: Call, { name }: Backend, view: View): Drawing {
  const { notes: missing, mode, ...answer } = view;
  const notes: string[] = [];
  if (view.next_cursor !== undefined) notes.push("There are more: --limit N shows up to N");
  if (mode !== undefined && mode !== "enforce") {
    notes.push(`Mode '${mode}' is stored for every process: nothing is denied (breakwater mode)`);
  }
  if (json) return { text: `${JSON.stringify(answer)}\n`, notes };
  const rows = view.breakers.filter(({ record }) => record !== false);
  const paint = paintFor(terminal);
  const parts = missing.map((line) => `${line}\n`);
  if (rows.length > 0) parts.unshift(table(HEAD, rows.flatMap((each) => rowsOf(paint, each))));
  else if (missing.length === 0) parts.push(`No host or resolver is in trouble (${name})\n`);
  return { text: parts.join(""), notes };
}

function write({ terminal }: Call, { text, notes }: Drawing): void {
  terminal.write(text);
  for (const line of notes) terminal.note(line);
}

const HEAD = ["HOST", "STATE", "REASON", "LEFT", "FAILURES", "PROBES", "POLICY", "NOTE"];

function rowsOf(paint: Paint, shown: Shown): string[][] {
  const { policy = [], roles } = shown;
  const row = (name: string, view: WireView, source: string) => [
    name,
    paintState(paint, view.state),
    view.reason ?? "-",
    view.state === "open" ? span(view.remaining_ms) : "-",
    String(view.failures),
    String(view.probes),
    source,
    plain(view.note ?? ""),
  ];
  return [
    row(plain(nameOf(shown)), shown, policy.join("+") || "-"),
    ...Object.entries(roles).map(([role, view]) => row(`  role ${role}`, view, "")),
  ];
}

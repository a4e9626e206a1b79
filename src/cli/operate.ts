/**
 * `breakwater open`, `half-open` and `close`: breakers by hand, with what was before and what is now.
 *
 * @module
 */
import type { WireSnapshot } from "../edge/wire.ts";
import { type Backend, pages, type Target, type WantedState } from "./backend.ts";
import { type Call, Refusal, UsageError } from "./command.ts";
import { confirm, isBlank, nameOf, noRecord, targetsOf } from "./targets.ts";
import { type Paint, paintFor, paintState, plain, span } from "./text.ts";

/** A year, as the API bounds it. */
const LONGEST_S = 31_536_000;

/** What was done to one breaker. */
interface Change {
  before: WireSnapshot;
  after: WireSnapshot;
}

/** Opens until a time, or until closed by hand. */
export async function open(call: Call): Promise<void> {
  const { options } = call;
  const seconds = options.number("seconds", LONGEST_S);
  const reason = options.reason();
  await operate(call, { state: "open", seconds, reason }, named(call));
}

/** Admits probes at once. */
export async function halfOpen(call: Call): Promise<void> {
  await operate(call, { state: "half_open" }, named(call));
}

/** Clears everything. */
export async function close(call: Call): Promise<void> {
  const { options } = call;
  const state = options.word("state", ["open", "half_open"] as const);
  const targets = targetsOf(call);
  if (!options.flag("all")) {
    if (state !== undefined) throw new UsageError("--state goes with --all");
    return await operate(call, { state: "closed" }, named(call));
  }
  if (targets.length > 0) throw new UsageError("--all closes everything: leave out the names");
  await operate(call, { state: "closed" }, (backend) => everything(backend, state));
}

function named(call: Call): Target[] {
  const targets = targetsOf(call);
  if (targets.length === 0) throw new UsageError("Name a host, or a resolver with --resolver NAME");
  return targets;
}

async function everything(
  backend: Backend,
  state: "open" | "half_open" | undefined,
): Promise<Target[]> {
  const targets: Target[] = [];
  for await (const { breakers } of pages(backend, { state })) {
    targets.push(...breakers.map(({ scope, key }) => ({ scope, name: key })));
  }
  return targets;
}

async function operate(
  call: Call,
  wanted: WantedState,
  targets: Target[] | ((backend: Backend) => Promise<Target[]>),
): Promise<void> {
  const { terminal } = call;
  await using backend = await call.connect({ creates: wanted.state === "open" });
  const areTyped = typeof targets !== "function";
  const on = areTyped ? targets : await targets(backend);
  if (on.length === 0) terminal.note("Nothing is in trouble: there is nothing to close");
  if (on.length > 1) {
    confirm(call, `${VERBS[wanted.state]} ${on.length} breakers: ${listed(on)}?`);
  }
  const answer = areTyped && on.length === 1 ? oneAnswer(call) : listAnswer(call);
  const problems: string[] = [];
  try {
    for (const target of on) {
      const before = await backend.inspect(target);
      // What was listed a moment ago is no slip of the pen.
      if (areTyped && isBlank(before)) {
        const missing = await noRecord(backend, before);
        // To open what was never in trouble makes sense.
        if (wanted.state !== "open") {
          problems.push(missing);
          continue;
        }
        if (missing.includes("did you mean")) terminal.note(missing);
      }
      answer.add({ before, after: await backend.setState(target, wanted) });
    }
  } finally {
    answer.end();
  }
  if (problems.length > 0) throw new Refusal(problems.join("\n"));
}

/** Changes as they are told: each when it is done, so that what fails halfway leaves no doubt. */
interface Answer {
  add(change: Change): void;
  end(): void;
}

function oneAnswer({ json, terminal }: Call): Answer {
  const paint = paintFor(terminal);
  return {
    add: (change) => terminal.write(json ? `${JSON.stringify(change)}\n` : said(paint, change)),
    end() {},
  };
}

/** In JSON one document, however many there are. */
function listAnswer(call: Call): Answer {
  if (!call.json) return oneAnswer(call);
  const { terminal } = call;
  let before = '{"changes":[';
  return {
    add(change) {
      terminal.write(`${before}${JSON.stringify(change)}`);
      before = ",\n";
    },
    end: () => terminal.write(before.startsWith("{") ? `${before}]}\n` : "]}\n"),
  };
}

const VERBS = { open: "Open", half_open: "Half-open", closed: "Close" } as const;
const LISTED = 5;

function listed(targets: readonly Target[]): string {
  const names = targets.slice(0, LISTED).map(({ name }) => name).join(", ");
  return targets.length > LISTED ? `${names}, ...` : names;
}

function said(paint: Paint, { before, after }: Change): string {
  const was = isBlank(before) ? "no record" : described(paint, before);
  return `${paint.bold(nameOf(after))}: was ${was}; is ${described(paint, after)}\n`;
}

function described(paint: Paint, view: WireSnapshot): string {
  const { state, reason, note, failures, remaining_ms } = view;
  const parts = [paintState(paint, state)];
  if (state === "open") {
    parts.push(remaining_ms === null ? "until closed" : `for ${span(remaining_ms)}`);
  }
  if (reason !== undefined) {
    parts.push(`(${reason}${note === undefined ? "" : `: ${plain(note)}`})`);
  }
  if (failures > 0) parts.push(`with ${failures} failure${failures === 1 ? "" : "s"}`);
  return parts.join(" ");
}

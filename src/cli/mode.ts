/**
 * `breakwater mode`: whether gates decide, for every process.
 *
 * @module
 */
import { type Mode, MODES } from "../breaker/state.ts";
import type { WireMode } from "../edge/mode_routes.ts";
import { type Call, UsageError } from "./command.ts";
import { confirm } from "./targets.ts";
import { originOf } from "./text.ts";

/** See the module's description. */
export async function mode(call: Call): Promise<void> {
  const { positionals: [word, another], options, json, terminal } = call;
  const resets = options.flag("reset");
  const wanted = MODES.find((known) => known === word);
  if (word !== undefined && wanted === undefined) {
    throw new UsageError(`A mode is one of ${MODES.join(", ")}: found '${word}'`);
  }
  if (another !== undefined) throw new UsageError(`mode takes one mode: found '${another}' too`);
  if (resets && wanted !== undefined) {
    throw new UsageError("--reset takes the stored mode away: leave out the mode, or --reset");
  }
  const reason = options.reason();
  await using backend = await call.connect({ creates: wanted !== undefined });
  const describe = (mode: WireMode) => described(mode, terminal.now());
  const before = await backend.mode();
  if (!resets && wanted === undefined) {
    return terminal.write(json ? `${JSON.stringify(before)}\n` : `${describe(before)}\n`);
  }
  confirm(call, question(wanted, backend.name));
  const after = await backend.setMode(wanted, reason);
  if (json) return terminal.write(`${JSON.stringify({ before, after })}\n`);
  terminal.write(`Was: ${describe(before)}\nIs:  ${describe(after)}\n`);
}

function question(wanted: Mode | undefined, name: string): string {
  if (wanted === undefined) return `Every process on ${name} by its own configuration again?`;
  return `Mode '${wanted}' for every process on ${name}?`;
}

function described({ configured, override, ...origin }: WireMode, now: number): string {
  if (override === undefined) return `each process by its configuration (here ${configured})`;
  return `${override} for every process, set${originOf(origin, now)}`;
}

/**
 * `breakwater policy`: a host's policy, value by value with its source, and an override of it for every process.
 *
 * @module
 */
import type { PolicyYaml } from "../config/mod.ts";
import { formatPath } from "../config/issues.ts";
import { canonicalPolicy } from "../config/names.ts";
import { layOver, leavesOf } from "../config/tree.ts";
import type { WirePolicy } from "../edge/policy_wire.ts";
import { type Call, UsageError } from "./command.ts";
import { checkedHost } from "./targets.ts";
import { originOf, type Paint, paintFor, table } from "./text.ts";

/** See the module's description. */
export async function policy(call: Call): Promise<void> {
  const { positionals: [name, ...more], options, json, terminal } = call;
  if (name === undefined) throw new UsageError("Name a host: breakwater policy HOST");
  const host = checkedHost(name);
  const settings = [...options.texts("set"), ...more];
  const patch = patchOf(settings);
  const reason = options.reason();
  await using backend = await call.connect({ creates: settings.length > 0 });
  const before = await backend.policy(host);
  let after: WirePolicy | undefined;
  if (options.flag("reset")) after = await backend.clearPolicy(host, reason);
  if (patch !== undefined) {
    // Safe: a patch over an override is a patch; whoever stores it checks every key and value.
    const override = layOver((after ?? before).override ?? {}, patch) as PolicyYaml;
    after = await backend.setPolicy(host, override, reason);
  }
  if (json) {
    return terminal.write(`${JSON.stringify(after === undefined ? before : { before, after })}\n`);
  }
  const paint = paintFor(terminal);
  terminal.write(drawn(paint, after ?? before, terminal.now()));
  if (after !== undefined) terminal.write(`\n${changes(paint, before, after)}`);
}

/** What the settings say together; undefined where there are none. */
function patchOf(settings: readonly string[]): unknown {
  let patch: unknown;
  for (const setting of settings) {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (path === undefined || text === undefined) {
      throw new UsageError(`A setting is KEY=VALUE, such as fail_max=3: found '${setting}'`);
    }
    const keys = path.split(".");
    const tree = keys.reduceRight<unknown>((value, key) => ({ [key]: value }), valueOf(text));
    patch = layOver(patch ?? {}, canonicalPolicy(tree));
  }
  return patch;
}

/** A number, a switch, or a list of numbers; the rest is text, and refused with what is expected. */
function valueOf(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  const number = /^-?[0-9]+(\.[0-9]+)?$/;
  if (number.test(text)) return Number(text);
  const items = text.replace(/^\[(.*)\]$/, "$1").split(",").map((item) => item.trim());
  return items.every((item) => number.test(item)) ? items.map(Number) : text;
}

function drawn(
  paint: Paint,
  { host, policy, sources, ...origin }: WirePolicy,
  now: number,
): string {
  const rows = leavesOf(policy).map(([path, value]) => {
    const name = formatPath(path);
    const source = sources[name] ?? "default";
    const shown = [name, shownValue(value), source];
    return source === "override" ? shown.map(paint.yellow) : shown;
  });
  const set = origin.overridden_at === undefined ? "" : `, overridden${originOf(origin, now)}`;
  return `${paint.bold(host)}${set}\n${table(["VALUE", "IS", "FROM"], rows)}`;
}

function changes(paint: Paint, before: WirePolicy, after: WirePolicy): string {
  const was = valuesOf(before);
  const is = valuesOf(after);
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const changed = names.filter((name) => was.get(name) !== is.get(name));
  if (changed.length === 0) return "No value is another one than before\n";
  return changed.map((name) =>
    `${paint.bold(name)}: was ${was.get(name) ?? "not set"}, is ${is.get(name) ?? "not set"}\n`
  ).join("");
}

function valuesOf({ policy }: WirePolicy): Map<string, string> {
  return new Map(leavesOf(policy).map(([path, value]) => [formatPath(path), shownValue(value)]));
}

function shownValue(value: unknown): string {
  return JSON.stringify(value).replaceAll(",", ", ");
}

/**
 * The rules that mutants break, each by one replacement in one file. Text that moves must be followed here:
 * a mutant whose text is not found once is an error, not a catch.
 *
 * @module
 */

/** One broken rule. */
export interface Mutant {
  name: string;
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
}

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "an outcome of an older generation counts",
    file: "src/breaker/counting.ts",
    find: "(track.generation === 0 || track.generation === generation);",
    replace: "true;",
  },
  {
    name: "a failure that is told twice counts twice",
    file: "src/breaker/counting.ts",
    find: "return track.counted.includes(input.id) ||",
    replace: "return",
  },
  {
    name: "a failed probe does not open",
    file: "src/breaker/counting.ts",
    find: 'if (input.kind === "failure" || asksForCooldown(input, policy)) {',
    replace: "if (asksForCooldown(input, policy)) {",
  },
  {
    name: "a probe counts after its lease",
    file: "src/breaker/counting.ts",
    find: "const leases = liveLeases(track, now);",
    replace: "const leases = track.leases;",
  },
  {
    name: "a lease does not end by itself",
    file: "src/breaker/machine.ts",
    find: "until: now + policy.probeLeaseMs };",
    replace: "until: now + 1e9 };",
  },
  {
    name: "one probe more than the budget",
    file: "src/breaker/machine.ts",
    find: "if (mine.length >= trialCalls)",
    replace: "if (mine.length > trialCalls)",
  },
  {
    name: "a cooldown replaces a later deadline",
    file: "src/breaker/changes.ts",
    find: 'if (track.state === "open" && track.until >= until) return track;',
    replace: "",
  },
  {
    name: "a closed record leaves no tombstone",
    file: "src/breaker/record.ts",
    find: "const tombstoneMs = Math.max(policy.permitTtlMs, policy.failureRate?.windowMs ?? 0);",
    replace: "const tombstoneMs = 0;",
  },
  {
    name: "a merge keeps the earlier deadline",
    file: "src/breaker/merge.ts",
    find: "lead > 0 ? ours : lead < 0 ? theirs : newest",
    replace: "lead > 0 ? theirs : lead < 0 ? ours : newest",
  },
  {
    name: "a merge forgets the leases that the store holds",
    file: "src/breaker/merge.ts",
    find: "[...theirs.leases, ...ours.leases]",
    replace: "[...ours.leases]",
  },
  {
    name: "a lagging read of an older generation is believed",
    file: "src/breaker/merge.ts",
    find: "if (read.generation !== seen.generation) return read.generation < seen.generation;",
    replace: "if (read.generation !== seen.generation) return false;",
  },
  {
    name: "a write does not compare",
    file: "tests/simulation/store.ts",
    find: "if (current?.version !== expected) {",
    replace: "if (current?.version !== expected && false) {",
  },
  {
    name: "a conflict is taken for a success",
    file: "src/registry/engine/writer.ts",
    find: "if (result.ok) return this.#committed(cell, batch, applied, result.version);",
    replace:
      "return this.#committed(cell, batch, applied, result.ok ? result.version : result.current?.version);",
  },
  {
    name: "a conflict is overwritten without looking at what is there",
    file: "src/registry/engine/writer.ts",
    find: 'if ("current" in result) this.#options.cells.accept(cell, result.current);',
    replace: 'if ("current" in result) cell.version = result.current?.version;',
  },
  {
    name: "what an outage left behind is never offered again",
    file: "src/registry/engine/ahead.ts",
    find: "      await this.reconcile();\n",
    replace: "",
  },
  {
    name: "a record expires in the store before it is over",
    file: "src/registry/engine/writer.ts",
    find: "kind.endOf(cell.key, record) - now());",
    replace: "(kind.endOf(cell.key, record) - now()) / 8);",
  },
  {
    name: "memory is believed for a minute",
    file: "src/registry/engine/reader.ts",
    find: "return age < this.#options.freshnessMs && age >= 0;",
    replace: "return age < 60_000 && age >= 0;",
  },
  {
    name: "what the store holds replaces what was learned in an outage",
    file: "src/registry/engine/cells.ts",
    find: "cell.record = kind.merge(cell.key, read, cell.record, now);",
    replace: "cell.record = read;",
  },
  {
    name: "a replica that lags is believed",
    file: "src/registry/engine/cells.ts",
    find: "this.isProtected(cell, now) && kind",
    replace: "false && this.isProtected(cell, now) && kind",
  },
  {
    name: "a deadline is forgotten when nobody asks for a while",
    file: "src/registry/engine/cells.ts",
    find: "if (cell.dirty) return true;",
    replace: "return cell.dirty;",
  },
  {
    name: "a request that the resolver denies keeps its probe of the host",
    file: "src/registry/admissions.ts",
    find: 'const freed = this.#release(ask, "host", id, first.answer, now);',
    replace: "const freed = undefined;",
  },
  {
    name: "a call to the store has no deadline",
    file: "src/registry/engine/store_guard.ts",
    find: "timers.after(timeoutMs, fail)",
    replace: "timers.after(1e9, fail)",
  },
];

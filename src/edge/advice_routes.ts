/**
 * What operators call to see what the advisor proposes, to apply it and to undo that.
 *
 * @module
 */
import type { Hono } from "hono";
import { StoreUnavailableError } from "../registry/engine/store_guard.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import { summariesOf } from "../telemetry/summaries.ts";
import type { Advice } from "../tuning/advice.ts";
import type { TuningError } from "../tuning/tuning_steps.ts";
import {
  wireAdvice,
  type WireAdviceList,
  type WireApplied,
  type WireRefusal,
  wireStep,
} from "./advice_wire.ts";
import { BODY_LIMIT, readJson } from "./body.ts";
import type { EdgeContext } from "./context.ts";
import type { EdgeTuner } from "./late_tuner.ts";
import { stored } from "./policy_routes.ts";
import { type Apply, parseAdviceQuery, parseApply } from "./operator_requests.ts";
import type { AdviceBody } from "./advice_schemas.ts";
import { stateAnswer } from "./wire.ts";

/** How far back is looked where nobody says it, in seconds. */
const WINDOW_S = 3_600;
/** Who made a change that was asked for over HTTP, where nobody says his name. */
const BY = "operator";

/** Adds `GET /v1/advice` and `POST /v1/advice/apply`. */
export function addAdviceRoutes(
  app: Hono,
  { registry, guard, operatorOf }: EdgeContext,
  tuner: EdgeTuner,
): void {
  const look = looker(registry, tuner);
  app.get(
    "/v1/advice",
    guard("read", async (c) => {
      const query = parseAdviceQuery(new URL(c.req.url).searchParams);
      const { window_s = WINDOW_S } = query;
      const { advice, ...seen } = await look(window_s * 1_000);
      const list: WireAdviceList = { window_s, ...seen, advice: advice.map(wireAdvice) };
      return stateAnswer(list);
    }),
  );
  app.post(
    "/v1/advice/apply",
    guard("admin", async (c) => {
      const wanted = parseApply(await readJson(c, BODY_LIMIT));
      const applying = new Applying(tuner, look, operatorOf(c.req.raw));
      await stored(applying.run(wanted));
      return stateAnswer(applying.answer);
    }),
  );
}

/** What is advised for a window in milliseconds. */
type Look = (windowMs: number) => Promise<{
  advice: readonly Advice[];
  /** Present where not all that happened could be read. */
  complete?: false;
}>;

function looker(registry: BreakerRegistry, tuner: EdgeTuner): Look {
  const summaries = summariesOf(registry);
  return async (windowMs) => {
    const { incomplete } = summaries.stats();
    const advice = await tuner.advise(windowMs);
    // Of readings at the same time one may be taken for the other: that errs on the careful side.
    return summaries.stats().incomplete > incomplete ? { advice, complete: false } : { advice };
  };
}

/** One call to apply or undo. */
class Applying {
  readonly answer: WireApplied = { applied: [], undone: [], refused: [] };
  readonly #tuner: EdgeTuner;
  readonly #look: Look;
  readonly #by: string;

  constructor(tuner: EdgeTuner, look: Look, by = BY) {
    this.#tuner = tuner;
    this.#look = look;
    this.#by = by;
  }

  /** @throws {StoreUnavailableError} where nothing could be done since the store could not be told */
  async run({ advice: wanted, undo, windowMs = WINDOW_S * 1_000 }: Apply): Promise<void> {
    for (const host of undo) await this.#refusing({ host }, () => this.#undo(host));
    if (wanted?.length === 0) return;
    const { advice: present, complete } = await this.#look(windowMs);
    if (complete === false) this.answer.complete = false;
    const chosen = wanted === undefined ? this.#due(present) : this.#named(wanted, present);
    for (const advice of chosen) {
      const { host, role, rule } = advice;
      await this.#refusing({ host, role, rule }, async () => {
        const step = await this.#tuner.apply(advice, { by: this.#by });
        this.answer.applied.push(wireStep(host, step));
      });
    }
  }

  async #undo(host: string): Promise<void> {
    const step = await this.#tuner.undo(host, { by: this.#by });
    if (step === undefined) this.#refuse({ host }, "There is no step to undo");
    else this.answer.undone.push(wireStep(host, step));
  }

  /** The most urgent of each host that is not withheld: one step at a time shows what it did. */
  #due(present: readonly Advice[]): Advice[] {
    const hosts = new Map<string, Advice>();
    for (const advice of present) {
      const { host, role, rule, withheld } = advice;
      if (withheld !== undefined) this.#refuse({ host, role, rule }, `Withheld: ${withheld}`);
      else if (!hosts.has(host)) hosts.set(host, advice);
    }
    return [...hosts.values()];
  }

  /** What is named is applied though it is withheld: somebody decided it. */
  #named(wanted: readonly AdviceBody[], present: readonly Advice[]): Advice[] {
    const chosen = new Set<Advice>();
    for (const { host, role, rule } of wanted) {
      const found = present.filter((advice) =>
        advice.host === host && (role === undefined || advice.role === role) &&
        (rule === undefined || advice.rule === rule)
      );
      if (found.length === 0) this.#refuse({ host, role, rule }, "There is no such advice now");
      for (const advice of found) chosen.add(advice);
    }
    return [...chosen];
  }

  /** What one host is refused does not keep the others from theirs. */
  async #refusing(what: Omit<WireRefusal, "reason">, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const { applied, undone } = this.answer;
      if (isTuningError(error)) this.#refuse(what, error.message);
      else if (error instanceof StoreUnavailableError && applied.length + undone.length > 0) {
        this.#refuse(what, "The store did not confirm the change: send it again");
      } else throw error;
    }
  }

  #refuse(what: Omit<WireRefusal, "reason">, reason: string): void {
    this.answer.refused.push({ ...what, reason });
  }
}

/** By its name: the class comes with the tuner, which is loaded when it is asked. */
function isTuningError(error: unknown): error is TuningError {
  return error instanceof Error && error.name === "TuningError";
}

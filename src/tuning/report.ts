/**
 * What a replay reports: counts per host and in all, and how two reports compare. How they come about stands in
 * `replay.ts`.
 *
 * @module
 */

/** Requests by what became of them and what the candidate policy would have done with them. */
export interface Ledger {
  /** Failed, and the candidate would have sent them too. */
  failuresSent: number;
  /** Failed, and the candidate would have denied them. */
  failuresAvoided: number;
  /** Answered, and the candidate would have sent them too. */
  goodSent: number;
  /** Answered, and the candidate would have denied them. */
  goodDenied: number;
  /** Nothing is known of how they went (cancelled); the candidate would have sent them. */
  untoldSent: number;
  /** Nothing is known of how they went (cancelled); the candidate would have denied them. */
  untoldDenied: number;
}

/** What a policy would have done. The counts of the ledger itself are those of outcomes that the log holds. */
export interface Figures extends Ledger {
  /** Requests in the log, denied ones included; without answers from a cache and what pacing denied. */
  requests: number;
  /** Requests that the candidate would have sent. */
  sent: number;
  /** Requests that the candidate would have denied. */
  denied: number;
  /** The same ledger of requests that the log denied: how they would have gone is an estimate. */
  estimated: Ledger;
  /** Opens by outcomes: failures in a row, probes, the failure rate, slow calls. */
  opens: number;
  /** Opens by a Retry-After or the rolling window. */
  cooldowns: number;
  /** How long any breaker of the host was open, in milliseconds; of several hosts the sum. */
  openMs: number;
  /** Times that a breaker closed after the log had shown that the host answers again. */
  recoveries: number;
  /**
   * From the first answer in the log that no failure followed until the breaker closed, in milliseconds: the mean
   * over `recoveries`. Absent where there was none.
   */
  noticeMs?: number;
}

/** What a policy would have done on one host. */
export interface HostReport extends Figures {
  /** Host key. */
  host: string;
}

/** What a policy would have done: all hosts together, and each. */
export interface Report extends Figures {
  /** In the order in which the log first names them. */
  hosts: HostReport[];
  /** Answers from a cache, left out. */
  cached: number;
  /** Requests denied by pacing, left out: pacing is not replayed. */
  paced: number;
  /** Times that the clock of a host's events went back; they count as if it had stood still. */
  clockJumps: number;
  /** Time of the first event, in epoch milliseconds; absent where the log is empty. */
  startMs?: number;
  /** Time of the last event, in epoch milliseconds; absent where the log is empty. */
  endMs?: number;
}

/** Two policies on the same log. Each pair: the present one's figure, then the candidate's. */
export interface Comparison {
  /** By cost: wasted and missed requests together. */
  verdict: "better" | "same" | "worse";
  /** Wasted plus missed. */
  cost: readonly [present: number, candidate: number];
  /** Requests sent that failed; estimates included. */
  wasted: readonly [present: number, candidate: number];
  /** Requests denied that would have been answered; estimates included. */
  missed: readonly [present: number, candidate: number];
  /** How much of the cost is an estimate. */
  estimatedCost: readonly [present: number, candidate: number];
  /** Opens of either kind. */
  opens: readonly [present: number, candidate: number];
  /** Time open, in milliseconds. */
  openMs: readonly [present: number, candidate: number];
  /** Mean time to notice a recovery, in milliseconds; undefined where there was none. */
  noticeMs: readonly [present: number | undefined, candidate: number | undefined];
}

/** An empty ledger. */
export function emptyLedger(): Ledger {
  return {
    failuresSent: 0,
    failuresAvoided: 0,
    goodSent: 0,
    goodDenied: 0,
    untoldSent: 0,
    untoldDenied: 0,
  };
}

/** Requests sent that failed; estimates included. */
export function wastedOf({ failuresSent, estimated }: Figures): number {
  return failuresSent + estimated.failuresSent;
}

/** Requests denied that would have been answered; estimates included. */
export function missedOf({ goodDenied, estimated }: Figures): number {
  return goodDenied + estimated.goodDenied;
}

/** Wasted plus missed: what a policy should keep small. */
export function costOf(figures: Figures): number {
  return wastedOf(figures) + missedOf(figures);
}

/** Compares what two policies would have done on the same events. */
export function compareReports(present: Figures, candidate: Figures): Comparison {
  const both = <T>(figure: (figures: Figures) => T): readonly [T, T] => [
    figure(present),
    figure(candidate),
  ];
  const cost = both(costOf);
  const [from, to] = cost;
  return {
    verdict: to < from ? "better" : to > from ? "worse" : "same",
    cost,
    wasted: both(wastedOf),
    missed: both(missedOf),
    estimatedCost: both(({ estimated }) => estimated.failuresSent + estimated.goodDenied),
    opens: both(({ opens, cooldowns }) => opens + cooldowns),
    openMs: both(({ openMs }) => openMs),
    noticeMs: both(({ noticeMs }) => noticeMs),
  };
}

/** All hosts together. */
export function sumOf(hosts: readonly Figures[]): Figures {
  const total: Figures = {
    ...emptyLedger(),
    requests: 0,
    sent: 0,
    denied: 0,
    estimated: emptyLedger(),
    opens: 0,
    cooldowns: 0,
    openMs: 0,
    recoveries: 0,
  };
  let noticeMs = 0;
  for (const host of hosts) {
    addLedger(total, host);
    addLedger(total.estimated, host.estimated);
    for (const name of COUNTS) total[name] += host[name];
    noticeMs += (host.noticeMs ?? 0) * host.recoveries;
  }
  return total.recoveries > 0 ? { ...total, noticeMs: noticeMs / total.recoveries } : total;
}

const COUNTS = [
  "requests",
  "sent",
  "denied",
  "opens",
  "cooldowns",
  "openMs",
  "recoveries",
] as const;

function addLedger(into: Ledger, from: Ledger): void {
  into.failuresSent += from.failuresSent;
  into.failuresAvoided += from.failuresAvoided;
  into.goodSent += from.goodSent;
  into.goodDenied += from.goodDenied;
  into.untoldSent += from.untoldSent;
  into.untoldDenied += from.untoldDenied;
}

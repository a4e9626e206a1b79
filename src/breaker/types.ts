/**
 * The words of the contract as types: what callers pass in, what the gate answers, what listeners hear.
 * No behaviour lives here.
 *
 * @module
 */

/** State of one breaker. `half_open` is worked out from the deadline when somebody asks. */
export type BreakerState = "closed" | "open" | "half_open";

/** What a breaker belongs to: the host that is asked, or the named service a request is made for. */
export type Scope = "host" | "resolver";

/** Whether the gate decides (`enforce`), only says what it would decide (`observe`), or keeps out of the way (`off`). */
export type Mode = "enforce" | "observe" | "off";

/** How a request went, once classified. `neutral`: the host answered, but the answer says nothing of its health. */
export type OutcomeKind = "success" | "failure" | "neutral" | "cancelled";

/** Why a breaker is open: `open` by outcomes, the others by a cooldown or an operator. */
export type OpenReason = "open" | "retry_after" | "rolling" | "manual";

/** Why a request was denied. `probes`: half-open and the budget is out; `rate`: pacing. */
export type DenialReason = OpenReason | "probes" | "rate";

/** The opaque string that an allowed request carries and that its outcome returns with. */
export type Permit = string;

/** What a crawler asks before a request: exactly one of `host` and `url`. */
export interface AllowRequest {
  /** Host name, with a port where it is not the scheme's default. Goes through {@linkcode hostKey}. */
  host?: string;
  /** URL of the request; only its origin matters. */
  url?: string | URL;
  /** What the request is for: `metadata`, `landing`, `artifact` or any `[a-z][a-z0-9_-]{0,31}`. */
  role?: string;
  /** The named service that the request is made for, with a breaker of its own. */
  resolver?: string;
}

/** Why a request may not go out, and when to ask again. */
export interface Denial {
  /** Why. */
  reason: DenialReason;
  /** Which breaker said no: the host's or the resolver's. */
  scope: Scope;
  /** The host key or resolver name of that breaker. */
  key: string;
  /** The state of that breaker. */
  state: BreakerState;
  /** Milliseconds until it is worth asking again; at least 1. */
  retryAfterMs: number;
}

/** Send the request, tell its outcome with the permit. */
export interface AllowedVerdict {
  /** Tells the two verdicts apart. */
  allowed: true;
  /** Returns with the outcome. */
  permit: Permit;
  /** `half_open` where the request is a probe. */
  state: "closed" | "half_open";
  /** Milliseconds to wait before sending; 0 unless the request is a probe or is paced. */
  waitMs: number;
  /** The store could not be asked in time; this is the process's own answer. */
  degraded?: boolean;
  /** In mode `observe`: what would have been denied. */
  wouldDeny?: Denial;
}

/** Do not send the request. */
export interface DeniedVerdict extends Denial {
  /** Tells the two verdicts apart. */
  allowed: false;
  /** The store could not be asked in time; this is the process's own answer. */
  degraded?: boolean;
}

/** The answer to {@linkcode Gate.allow}. */
export type Verdict = AllowedVerdict | DeniedVerdict;

/** An outcome told by the HTTP status. */
export interface StatusOutcome {
  /** HTTP status of the answer. */
  status: number;
  /** The value of the Retry-After header, as it came. */
  retryAfter?: string | null;
  /** The answer's headers; Retry-After and the rate-limit headers are read from them. */
  headers?: Headers;
  /** Milliseconds from sending to the answer. */
  latencyMs?: number;
  /** The answer came from a cache and the host was never asked: counts as cancelled. */
  fromCache?: boolean;
}

/** An outcome told by what was thrown. */
export interface ErrorOutcome {
  /** What was thrown: `AbortError` is cancelled, anything else a failure. */
  error: unknown;
  /** Milliseconds from sending to the error. */
  latencyMs?: number;
}

/** An outcome the caller has classified already. */
export interface ResultOutcome {
  /** The classification. */
  result: OutcomeKind;
  /** With `failure`: the host asked to be left alone for this many milliseconds. */
  retryAfterMs?: number;
  /** Milliseconds from sending to the answer. */
  latencyMs?: number;
}

/** How a request went. */
export type Outcome = StatusOutcome | ErrorOutcome | ResultOutcome;

/** The answer to {@linkcode Gate.record}. */
export interface RecordResult {
  /** False where the permit was late, unknown, already used or unreadable: nothing was counted. */
  recorded: boolean;
  /** State of the breaker afterwards. */
  state: BreakerState;
  /** Milliseconds until it is worth asking again; 0 where a request may go out now. */
  retryAfterMs: number;
}

/** Anything that can be asked before a request and told afterwards: a registry, or a client of the edge API. */
export interface Gate {
  /** May this request go out? */
  allow(request: AllowRequest): Verdict | Promise<Verdict>;
  /** How the request went. */
  record(permit: Permit, outcome: Outcome): RecordResult | Promise<RecordResult>;
}

/** Opens on bursts: so many failures of a host within a window, whatever succeeded between them. */
export interface RollingPolicy {
  /** Whether failures are looked at this way. @default {false} */
  enabled: boolean;
  /** Length of the window in milliseconds. @default {30000} */
  windowMs: number;
  /** Failures within the window that set a cooldown. @default {6} */
  thresholdFailures: number;
  /** How long that cooldown lasts, in milliseconds. @default {60000} */
  cooldownMs: number;
}

/** Opens a closed breaker when the share of failures in a window reaches a threshold. Kept in each process's memory. */
export interface FailureRatePolicy {
  /** Length of the window in milliseconds. */
  windowMs: number;
  /** Outcomes that must have been counted in the window before the ratio means anything. */
  minCalls: number;
  /** Share of failures that opens, 0 to 1. */
  thresholdRatio: number;
}

/** Opens a closed breaker when the share of slow successes reaches a threshold, in the window of `failureRate`. */
export interface SlowCallPolicy {
  /** A success that took longer than this many milliseconds is slow. */
  durationMs: number;
  /** Share of slow successes among all counted outcomes that opens, 0 to 1. */
  thresholdRatio: number;
}

/** What half-open callers are told. */
export interface HalfOpenPolicy {
  /** A probe waits a time drawn evenly from 0 to this many milliseconds. @default {150} */
  jitterMs: number;
}

/** Which HTTP statuses count as what. Any status in neither list is a success. */
export interface ClassifyPolicy {
  /** Count against the host. @default {[408, 429, 500, 502, 503, 504]} */
  failureStatuses: readonly number[];
  /** Say nothing of the host's health. @default {[401, 403, 404, 410, 451]} */
  neutralStatuses: readonly number[];
}

/** What a role may set differently from its host. */
export interface RolePolicy {
  /** Failures in a row that open. Gives the role a breaker of its own. */
  failMax?: number;
  /** How long the first open lasts, in milliseconds. Gives the role a breaker of its own. */
  resetTimeoutMs?: number;
  /** Probes that must succeed to close. Gives the role a breaker of its own. */
  successThreshold?: number;
  /** Probes of this role that may be out at once. */
  trialCalls?: number;
}

/** How one breaker behaves. */
export interface BreakerPolicy {
  /** Failures in a row that open the breaker. @default {5} */
  failMax: number;
  /** How long the first open lasts, in milliseconds. @default {60000} */
  resetTimeoutMs: number;
  /** Probes that must succeed before the breaker closes. @default {1} */
  successThreshold: number;
  /** Probes per role that may be out at once. @default {1} */
  trialCalls: number;
  /** A probe that has not reported after this many milliseconds frees its slot. @default {30000} */
  probeLeaseMs: number;
  /** An outcome later than this many milliseconds after its `allow` counts for nothing. @default {300000} */
  permitTtlMs: number;
  /** The longest cooldown a Retry-After can set, in milliseconds. @default {900000} */
  retryAfterCapMs: number;
  /** Each open in a row lasts this many times as long as the one before. @default {1} */
  backoffFactor: number;
  /** The longest open, in milliseconds. @default {900000} */
  maxResetTimeoutMs: number;
  /** A record that nobody asked for is dropped this many milliseconds after its last deadline or event. @default {3600000} */
  forgetMs: number;
  /** Opens on bursts. Off by default. */
  rolling: RollingPolicy;
  /** Opens on the share of failures. Off by default. */
  failureRate?: FailureRatePolicy;
  /** Opens on the share of slow successes; needs `failureRate`. Off by default. */
  slowCall?: SlowCallPolicy;
  /** Jitter of probes. */
  halfOpen: HalfOpenPolicy;
  /** Which statuses count as what. */
  classify: ClassifyPolicy;
  /** What roles set differently. @default {{}} */
  roles: Readonly<Record<string, RolePolicy>>;
  /**
   * Limits by role, `*` for all requests of the host together: `{ metadata: "10/s,1000/h" }`. Several are joined
   * by commas, units are s, m, h and d. Only a registry heeds them. Off by default.
   */
  rates?: Readonly<Record<string, string>>;
}

/** Part of a policy, at any depth; merged over what stands below it. */
export type PolicyPatch =
  & Partial<Omit<BreakerPolicy, "rolling" | "failureRate" | "slowCall" | "halfOpen" | "classify">>
  & {
    rolling?: Partial<RollingPolicy>;
    failureRate?: Partial<FailureRatePolicy>;
    slowCall?: Partial<SlowCallPolicy>;
    halfOpen?: Partial<HalfOpenPolicy>;
    classify?: Partial<ClassifyPolicy>;
  };

/** What an operator or an advisor laid over the configuration of a host, for every process on the store. */
export interface PolicyOverride {
  /** What it says; the rest is the configuration's. */
  patch: PolicyPatch;
  /** When it was set, in epoch milliseconds, by the clock of the process that set it. */
  at: number;
  /** Who set it, where that was told. */
  by?: string;
  /** Why, where that was told. */
  reason?: string;
}

/** The policy of a host and what it is made of, each layer laid over the one before. */
export interface PolicyView {
  /** Host key. */
  host: string;
  /** What the configuration says: the built-in defaults, those of the configuration, the host's own. */
  configured: BreakerPolicy;
  /** The same with what was changed in this process alone. */
  local: BreakerPolicy;
  /** What is stored for every process, where there is something. */
  override?: PolicyOverride;
  /** What holds: all of it. */
  policy: BreakerPolicy;
  /** The store could not be asked; this is what this process knows. */
  degraded?: boolean;
}

/** A change of a host's policy on its way to somebody else: into a file, say. */
export interface PolicyChange {
  /** Host key. */
  host: string;
  /** What changes. */
  patch: PolicyPatch;
  /** Why. */
  reason?: string;
}

/** The mode that an operator stored for every process on the store. */
export interface ModeOverride {
  /** What holds instead of what is configured. */
  mode: Mode;
  /** When it was set, in epoch milliseconds, by the clock of the process that set it. */
  at: number;
  /** Who set it, where that was told. */
  by?: string;
  /** Why, where that was told. */
  reason?: string;
}

/** The mode that holds in a process, and why. */
export interface ModeView {
  /** What this process was configured with. A process that is configured `off` stays so. */
  configured: Mode;
  /** What is stored for every process, where there is something. */
  override?: ModeOverride;
  /** What holds in this process now. */
  mode: Mode;
  /** The store could not be asked; this is what this process knows. */
  degraded?: boolean;
}

/** Limits per role, by host: `{ "api.example.org": { metadata: "10/s,1000/h", "*": "20/s" } }`. */
export type RatesInput = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How requests are held back to their rates. */
export interface PacingInput {
  /** The longest `waitMs` that pacing gives, in milliseconds up to 60000; a request that would wait longer is denied. @default {1000} */
  maxWaitMs?: number;
}

/** How fast requests of a host may go out now, for one of its rates. */
export interface PaceView {
  /** The role, or `*` for all requests of the host together. */
  role: string;
  /** What the policy says: `10/s,1000/h`. */
  rate: string;
  /** What the host's 429s have left of it, from 0.1 to 1. */
  multiplier: number;
  /** Requests per second that may go out in the long run: the rate of its tightest limit times the multiplier. */
  perSecond: number;
}

/** What a registry is configured with: what `./config` makes of a file, or written by hand. */
export interface BreakerConfigInput {
  /** Whether the gate decides, only watches, or keeps out of the way. @default {"enforce"} */
  mode?: Mode;
  /** What every host and resolver starts from. */
  defaults?: PolicyPatch;
  /** Per host, over `defaults`. */
  hosts?: Readonly<Record<string, PolicyPatch>>;
  /** Per resolver, over `defaults`. A resolver has no roles, no rolling window, no cooldown and no rates. */
  resolvers?: Readonly<Record<string, PolicyPatch>>;
  /** Limits per host and role, over the `rates` of `hosts`. */
  rates?: RatesInput;
  /** How requests are held back to their rates. */
  pacing?: PacingInput;
}

/** One breaker as it stands now, without its scope and key. */
export interface BreakerView {
  /** State now. */
  state: BreakerState;
  /** Why it is open; absent where closed. */
  reason?: OpenReason;
  /** An operator's words, where one opened it. */
  note?: string;
  /** Deadline in epoch milliseconds; absent where closed, Infinity (null in JSON) for an open without end. */
  until?: number;
  /** Milliseconds to the deadline; 0 unless open, Infinity (null in JSON) for an open without end. */
  remainingMs: number;
  /** Failures counted. */
  failures: number;
  /** Probes that have succeeded since the breaker became half-open. */
  successes: number;
  /** Opens in a row, after forgiveness. */
  opens: number;
  /** Probes out now. */
  probes: number;
}

/** One host's or resolver's breaker as it stands now. */
export interface Snapshot extends BreakerView {
  /** `host` or `resolver`. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** Breakers of roles that have one of their own. */
  roles: Record<string, BreakerView>;
  /** The store could not be reached: what this process knows itself. */
  degraded?: boolean;
}

/** What an operator or a listing names: a host as it is, `{ host }` or `{ resolver }`. */
export type Target = string | { host: string } | { resolver: string };

/** What every event carries. */
export interface EventBase {
  /** When, in epoch milliseconds, by the clock of the process that saw it. */
  at: number;
}

/** A breaker changed its state. */
export interface TransitionEvent extends EventBase {
  /** Tells the events apart. */
  type: "transition";
  /** Whose breaker. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** Present where the breaker is a role's own. */
  role?: string;
  /** State before. */
  from: BreakerState;
  /** State now. */
  to: BreakerState;
  /** Why it is open; the reason it was open for where it is half-open; what closed it: probes or an operator. */
  reason: OpenReason | "probes";
  /** An operator's words, where one acted. */
  note?: string;
  /** Deadline in epoch milliseconds, where open. */
  until?: number;
}

/** A request was denied, or in mode `observe` would have been. */
export interface DenialEvent extends EventBase, Denial {
  /** Tells the events apart. */
  type: "denial";
  /** Host key of the request. */
  host: string;
  /** Role of the request. */
  role?: string;
  /** Resolver of the request. */
  resolver?: string;
  /** True in mode `observe`: the request went out all the same. */
  observed: boolean;
}

/** An outcome was told. */
export interface OutcomeEvent extends EventBase {
  /** Tells the events apart. */
  type: "outcome";
  /** Host key of the request. */
  host: string;
  /** Role of the request. */
  role?: string;
  /** Resolver of the request. */
  resolver?: string;
  /** What it was classified as. */
  kind: OutcomeKind;
  /** False where it came too late or twice. */
  recorded: boolean;
  /** State of the breaker afterwards. */
  state: BreakerState;
  /** HTTP status, where it was told. */
  status?: number;
  /** Name of the error, where one was told: `TimeoutError`. Never its message. */
  error?: string;
  /** True where a cache answered and the host was never asked. */
  fromCache?: boolean;
  /** True where the request was a probe of the host. */
  probe?: boolean;
  /** Milliseconds, where they were told. */
  latencyMs?: number;
  /** What the host asked for, in milliseconds, before the cap. */
  retryAfterMs?: number;
}

/** The store failed, or held something that cannot be read. Never carries a command or a secret. */
export interface StoreErrorEvent extends EventBase {
  /** Tells the events apart. */
  type: "store_error";
  /** What was being done. */
  operation: "read" | "write" | "list";
  /**
   * `unavailable`: no answer in time or an error; `unreadable`: a stored value that counts as absent; `refused`: a
   * record that the store cannot hold, told once for each key; `unsaved`: the registry has ended, and the store does
   * not hold all that it knew.
   */
  problem: "unavailable" | "unreadable" | "refused" | "unsaved";
  /** The store's key, where one was concerned. */
  key?: string;
  /** With `unsaved`: how many records. */
  records?: number;
}

/** The store stopped answering, or answers again: told once for all the calls that failed meanwhile. */
export interface StoreOutageEvent extends EventBase {
  /** Tells the events apart. */
  type: "store_outage";
  /** Which of both. */
  phase: "begin" | "end";
  /** With `end`: how long it lasted, in milliseconds. */
  durationMs?: number;
}

/** An operator acted on a breaker, whether or not that changed its state. */
export interface OperatorEvent extends EventBase {
  /** Tells the events apart. */
  type: "operator";
  /** Whose breaker. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** What was done. */
  action: "open" | "half_open" | "close";
  /** With `open`: the deadline in epoch milliseconds, Infinity (null in JSON) for none. */
  until?: number;
  /** The operator's words. */
  note?: string;
  /** Who it was, where that was told. */
  by?: string;
}

/** The stored override of a host's policy was set, changed or removed, and holds here from now on. */
export interface PolicyEvent extends EventBase {
  /** Tells the events apart. */
  type: "policy";
  /** Only hosts have stored overrides. */
  scope: "host";
  /** Host key. */
  key: string;
  /** What is laid over the configuration now; absent where the override was removed. */
  override?: PolicyOverride;
  /** Where it was removed: who did it, where that was told. */
  by?: string;
  /** Where it was removed: why, where that was told. */
  reason?: string;
  /** True in the process that was asked for the change, false in one that took it up from the store. */
  here: boolean;
}

/** The stored mode was set, changed or removed, and holds here from now on. */
export interface ModeEvent extends EventBase {
  /** Tells the events apart. */
  type: "mode";
  /** What holds in this process now. */
  mode: Mode;
  /** What is stored now; absent where it was removed. */
  override?: ModeOverride;
  /** True in the process that was asked for the change, false in one that took it up from the store. */
  here: boolean;
}

/** What a listener hears, after the change it tells of has been committed. */
export type BreakerEvent =
  | TransitionEvent
  | DenialEvent
  | OutcomeEvent
  | StoreErrorEvent
  | StoreOutageEvent
  | OperatorEvent
  | PolicyEvent
  | ModeEvent;

/** Who acts by hand. */
export interface OperatorOptions {
  /** What he calls himself, told to listeners; cut after 64 characters. */
  by?: string;
}

/** An operator's open. */
export interface OpenOptions extends OperatorOptions {
  /** Milliseconds; absent: until closed by hand. */
  forMs?: number;
  /** Why, in the operator's words; told to listeners. */
  reason?: string;
}

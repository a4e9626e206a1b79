/**
 * The mode that holds in one process: the configured one, or what is stored for every process. When the store is
 * looked at is not known here.
 *
 * @module
 */
import type { Mode } from "../../breaker/state.ts";
import type { ModeOverride, ModeView } from "../../breaker/operators.ts";
import type { Versioned } from "../../stores/store.ts";
import type { Listeners } from "../listeners.ts";
import { decodeMode, MODE_KEY } from "./override_codec.ts";

/** How a mode is shared. */
export interface EffectiveModeOptions {
  configured: Mode;
  /** What holds from now on. */
  onMode: (mode: Mode) => void;
  listeners: Listeners;
  now: () => number;
  /** What is stored cannot be read; told once per value. */
  onUnreadable: (key: string) => void;
}

/** See the module's description. */
export class EffectiveMode {
  readonly #options: EffectiveModeOptions;
  /** What the store held when it was looked at last. */
  #text: string | undefined;
  #override: ModeOverride | undefined;

  constructor(options: EffectiveModeOptions) {
    this.#options = options;
  }

  /** What holds, and why. Who is configured to keep out of the way is not brought back from elsewhere. */
  view(): ModeView {
    const { configured } = this.#options;
    const override = this.#override;
    if (override === undefined) return { configured, mode: configured };
    return { configured, override, mode: configured === "off" ? "off" : override.mode };
  }

  /** What the store holds counts here too, and listeners hear of it where it is news. */
  take(stored: Versioned | undefined, here: boolean): void {
    if (stored?.value === this.#text) return;
    this.#text = stored?.value;
    const { listeners, now, onMode, onUnreadable } = this.#options;
    const override = stored && decodeMode(stored.value);
    if (stored !== undefined && override === undefined) onUnreadable(MODE_KEY);
    if (override === undefined && this.#override === undefined) return;
    this.#override = override;
    const { mode } = this.view();
    onMode(mode);
    const said = override === undefined ? {} : { override };
    listeners.emit({ type: "mode", at: now(), mode, ...said, here });
  }
}

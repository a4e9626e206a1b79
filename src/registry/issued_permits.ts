/**
 * The permits that this process issued last, as they were before they became text: most outcomes come back to
 * where the request was let out, and soon. Nothing depends on finding one here: any permit can be read.
 *
 * @module
 */
import type { PermitParts } from "../breaker/permit.ts";
import type { Permit } from "../breaker/gate.ts";

/** A permit, with the keys in the store where they were worked out for it. */
export interface IssuedPermit extends PermitParts {
  hostStoreKey?: string;
  resolverStoreKey?: string;
}

/** So many permits in a row have nearly all a place each: more than most processes have requests out. A power of two. */
const PLACES = 256;

/** See the module's description. */
export class IssuedPermits {
  readonly #texts: Permit[] = new Array(PLACES).fill("");
  readonly #parts: (IssuedPermit | undefined)[] = new Array(PLACES).fill(undefined);

  /** Remembers a permit in place of one that was issued some time before it. */
  add(permit: Permit, parts: IssuedPermit): void {
    const place = placeOf(permit);
    this.#texts[place] = permit;
    this.#parts[place] = parts;
  }

  /** The permit's parts, where it is one of these to the letter. */
  find(permit: unknown): IssuedPermit | undefined {
    if (typeof permit !== "string") return undefined;
    const place = placeOf(permit);
    return this.#texts[place] === permit ? this.#parts[place] : undefined;
  }
}

/** By the first two digits of the id, which count up. */
function placeOf(permit: string): number {
  return (36 * digitAt(permit, 2) + digitAt(permit, 3)) & (PLACES - 1);
}

/** Of base 36. Anything where there is none. */
function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

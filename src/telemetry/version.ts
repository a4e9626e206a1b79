/**
 * The version of this package, for metrics and documents that name it.
 *
 * @module
 */

/** As in `deno.json`; a test holds both together. */
export const VERSION = "0.1.0";

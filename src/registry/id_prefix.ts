/**
 * What makes permit ids differ between processes. Not the registry's `random`: two processes that are given
 * the same seed must still not issue the same permits.
 *
 * @module
 */

/** Eight characters that no other process is likely to draw. */
export function drawIdPrefix(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high.toString(36) + low.toString(36)).slice(-8).padStart(8, "0");
}

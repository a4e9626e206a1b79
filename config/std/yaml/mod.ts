/**
 * The same code as `jsr:@std/yaml`, from npm, with types: for networks that do not reach JSR.
 * Only what this project uses; what is published names `jsr:@std/yaml`.
 *
 * @module
 */
// @ts-types="./types.d.ts"
export { parse, stringify } from "npm:deno-std@1.4.0/yaml/mod.js";

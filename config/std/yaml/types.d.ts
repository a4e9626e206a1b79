/** Parses one YAML document; throws `SyntaxError` with line and column. */
export function parse(content: string, options?: {
  schema?: "core" | "default" | "failsafe" | "json" | "extended";
  allowDuplicateKeys?: boolean;
}): unknown;
/** Writes one YAML document. */
export function stringify(data: unknown, options?: {
  indent?: number;
  lineWidth?: number;
  skipInvalid?: boolean;
  sortKeys?: boolean;
}): string;

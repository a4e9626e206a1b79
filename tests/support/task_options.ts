/**
 * The command line of a task for developers: its usage, and what makes no sense, in words and without a stack.
 *
 * @module
 */

/**
 * What the command line says. Where that asks for help, the usage is printed and the program ends; where it makes no
 * sense, a line says why, and it ends with code 2.
 *
 * @param read throws a TypeError or a RangeError where the arguments make no sense
 */
export function taskOptions<T>(usage: string, read: (args: string[]) => T): T {
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.info(usage);
    Deno.exit(0);
  }
  try {
    return read(Deno.args);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    console.error(error.message.replaceAll("\n", " "));
    Deno.exit(2);
  }
}

/**
 * The value of an option as a whole number, written in digits.
 *
 * @throws {RangeError} where it is none, or below `least`
 */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(
    `--${name} must be a whole number from ${least}: current value is '${text}'`,
  );
}

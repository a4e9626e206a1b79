/**
 * Programs that tests need: asked for, and on Debian installed where they are missing.
 *
 * @module
 */

/** Installs a package, as root or as somebody who may become root without being asked; false where that fails. */
export async function installPackage(name: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const [program = "", ...first] = Deno.uid() === 0 ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  const apt = (...args: string[]) => succeeds(program, ...first, ...args);
  const install = () => apt("install", "-y", "--no-install-recommends", name);
  // A new machine has no list of packages yet.
  return await install() || (await apt("update") && await install());
}

/** Whether a program is there and ends well. */
export async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/**
 * Where a program may be, as execvp(3) looks for it: a name with a slash is taken as it is, any other is looked
 * for in each directory of PATH, an empty one being the working directory.
 */
export function searchPath(command: string, path: string): string[] {
  if (command.includes("/")) return [command];
  return path.split(":").map((directory) => `${directory === "" ? "." : directory}/${command}`);
}

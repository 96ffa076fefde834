/**
 * Where a program may be, as execvp(3) looks for it: a name with a slash is taken as it is, any other is looked
 * for in each directory of PATH, an empty one being the working directory, and once in one that is named twice.
 */
export function searchPath(command: string, path: string): string[] {
  if (command.includes("/")) return [command];
  return [...new Set(path.split(":"))].map((directory) => `${directory === "" ? "." : directory}/${command}`);
}

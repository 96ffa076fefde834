import { invalidOption } from "../errors/index.ts";

/** What is to be examined: options of connect(). */
export interface DoctorOptions {
  container?: string | undefined;
  pid?: number | undefined;
  sharedRoot?: string | undefined;
  containerRoot?: string | undefined;
  config?: string | undefined;
}

/** As connect() does. @throws ExecutorError INVALID_OPTION. */
export function requireOptions({ container, sharedRoot, containerRoot }: DoctorOptions): void {
  if (container === "") throw invalidOption("the container's name is empty", "name one, or leave it out");
  if (containerRoot !== undefined && sharedRoot === undefined) {
    throw invalidOption("a container root is given without a shared root", "give both or neither");
  }
}

import { invalidOption } from "../errors/index.ts";
import { Descriptors } from "../system/index.ts";
import { explainWriting } from "./failure.ts";
import { commandLineFiles, requireProgram } from "./package-files.ts";
import { Staging } from "./staging.ts";

/** What goes into the directory beside `pause`. */
export interface InstallOptions {
  /** The helper, as `k8s-executor-helper`. */
  helper: boolean;
  /** The command line with all that it needs but Node, as `k8s-executor/bin/k8s-executor`. */
  cli: boolean;
}

function requireDirectory(directory: string): void {
  if (directory === "") throw invalidOption("the directory is empty", "name the one that the volume is mounted at");
  const descriptors = new Descriptors();
  try {
    descriptors.directory(directory);
  } catch (error) {
    throw explainWriting(directory, error);
  } finally {
    descriptors.close();
  }
}

/**
 * Copies programs of this package to a directory, for other containers to run. What is there already is replaced and never
 * written to, so it may be running; a link is replaced, not followed. Either all of it is installed or nothing is changed.
 *
 * @param directory An existing one, such as a volume's.
 * @returns The paths of what can be run, each in `directory`.
 * @throws ExecutorError INSTALL_FAILED, RESOURCE_EXHAUSTED (the directory is full) or INVALID_OPTION.
 */
export function install(directory: string, options: InstallOptions): string[] {
  // What is missing here is told before anything is written there.
  const pause = requireProgram("pause");
  const helper = options.helper ? requireProgram("helper") : undefined;
  const tree = options.cli ? commandLineFiles() : undefined;
  requireDirectory(directory);
  const staging = new Staging(directory);
  try {
    const installed = [
      staging.file(pause, "pause"),
      ...(helper === undefined ? [] : [staging.file(helper, "k8s-executor-helper")]),
      ...(tree === undefined ? [] : [staging.tree(tree, "k8s-executor")]),
    ];
    staging.commit();
    return installed;
  } catch (error) {
    throw explainWriting(directory, error);
  } finally {
    staging.discard();
  }
}

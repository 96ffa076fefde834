import { PACKAGE } from "./pod.ts";
import type { SeveralPod } from "./several-pod.ts";

/** A block of a document that shows commands, each after a dollar sign, with what they print. */
const BLOCK = /(?<=^```console\n)[\s\S]*?(?=^```$)/gm;

/** The blocks of a document, as they stand there. */
export function transcriptsOf(text: string): string[] {
  return text.match(BLOCK) ?? [];
}

/** The document with other blocks in their places. */
export function withTranscripts(text: string, blocks: readonly string[]): string {
  const rest = [...blocks];
  return text.replace(BLOCK, () => rest.shift() ?? "");
}

/** The commands of a block; one ends with the first line that does not end in a backslash. */
function commandsOf(block: string): string[] {
  return [...block.matchAll(/^\$ (.*(?:\\\n.*)*)/gm)].map(([, command = ""]) => command);
}

/** Runs the commands of a block in the agent's container; what such a block looks like now. */
export function rerun(pod: SeveralPod, block: string): string {
  return commandsOf(block)
    .map((command) => {
      const options = ["--workdir", "/go/pipelines", "--env", `PATH=${PACKAGE}/dist/cli:/usr/bin:/bin`];
      const { status, stdout } = pod.in("agent", ["sh", "-c", `{ ${command}\n} 2>&1`], options);
      const ending = status === 0 ? "" : `[exit status ${status}]\n`;
      return `$ ${command}\n${stdout}${ending}`;
    })
    .join("");
}

/** Without what is another each time: ids, process ids, times, amounts used, and so the widths of columns. */
export function withoutNumbers(block: string): string {
  return block
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, "ID")
    .replaceAll(/\b\d{4}(-\d\d){2} \d\d(:\d\d){2}\b/g, "TIME")
    .replaceAll(/(?<=\b(pid|process|agent|pause|guest) +)\d+\b/g, "PID")
    .replaceAll(/(?<![/\w.])\d+(\.\d+)?[BKMGT](?![\w.])/g, "BYTES")
    .replaceAll(/(?<![/\w.])\d+\.\ds(?=[ /])/g, "SECONDS")
    .replaceAll(/ +/g, " ");
}

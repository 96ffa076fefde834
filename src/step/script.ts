import { ExecutorError, invalidOption } from "../errors/index.ts";
import { requireUtf8 } from "./strings.ts";

/**
 * The bytes of a script: CRLF and CR become LF, as text that went through a web form needs it.
 *
 * @throws ExecutorError EMPTY_SCRIPT where there is nothing but white space.
 */
export function normalizeScript(script: string | Uint8Array): Buffer {
  if (typeof script !== "string" && !(script instanceof Uint8Array)) {
    throw invalidOption(`the script is of type ${typeof script}`, "give its text or bytes");
  }
  if (typeof script === "string") requireUtf8(script, "the script", "give its bytes as a Uint8Array");
  // As latin1, so that each byte is one character and none is changed on the way.
  const text = Buffer.from(script as Uint8Array).toString("latin1");
  if (text.trim() === "") {
    throw new ExecutorError("EMPTY_SCRIPT", {
      problem: "the script is empty",
      remedy: "give at least one command (a step that shall do nothing: `:`)",
    });
  }
  return Buffer.from(text.replace(/\r\n?/g, "\n"), "latin1");
}

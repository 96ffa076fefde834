import type { Container } from "../../container/index.ts";
import { existsInside, permissionDenied } from "../../container/index.ts";
import { ExecutorError } from "../../errors/index.ts";
import type { PreparedStep } from "../../step/index.ts";
import { containerGoneError } from "../failure.ts";
import { scriptAccessError } from "../script-access.ts";
import type { Report } from "./wrapper.ts";

/** How nsenter ended without having started the step. */
export interface NsenterEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The first it wrote to stderr. */
  complaint: string;
  /** Why the script file could not be given to the step's user. */
  refusal: string | undefined;
}

/** The error for a step that nsenter did not start. */
export function nsenterFailure(
  word: Report | "",
  end: NsenterEnd,
  step: PreparedStep,
  container: Container,
): ExecutorError {
  const where = `in the container of process ${container.pid}`;
  const details = { pid: container.pid, exitStatus: end.exitCode ?? -1 };
  const command = `${step.script ? "the shell" : "the program"} ${JSON.stringify(step.command)}`;
  if (word === "missing") {
    return new ExecutorError("COMMAND_NOT_FOUND", {
      problem: `${command} was not found ${where}`,
      remedy: step.script ? "choose a shell that the image has" : "install it in the image or give its path",
      details,
    });
  }
  if (word === "denied") {
    return new ExecutorError("COMMAND_NOT_EXECUTABLE", {
      problem: `${command} cannot be executed ${where}`,
      remedy: "check its permissions, its mount options and that it is a program for this machine",
      details,
    });
  }
  if (word === "cwd") {
    return new ExecutorError("WORKING_DIRECTORY", {
      problem: `the working directory ${JSON.stringify(step.cwd)} cannot be entered ${where}`,
      remedy: "give a directory that the container has, as the container sees it or below the shared root",
      details,
    });
  }
  if (word === "script") {
    // Its file is still there.
    const isThere = existsInside(container, step.arguments.at(-1)?.toString() ?? "");
    return scriptAccessError({ errno: isThere ? "EACCES" : "ENOENT", refusal: end.refusal }, step, container, details);
  }
  if (!container.isAlive()) return containerGoneError(container);
  if (end.exitCode === 127) {
    return new ExecutorError("COMMAND_NOT_FOUND", {
      problem: `the backend nsenter needs a sh ${where}, which has none`,
      remedy: "use the native backend",
      details,
    });
  }
  const complaint = end.complaint.trim().split("\n")[0] ?? "";
  if (/not permitted|denied/i.test(complaint)) {
    return permissionDenied(
      `enter the container of process ${container.pid} (${complaint})`,
      ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE"],
      undefined,
      details,
    );
  }
  return new ExecutorError("ENTRY_FAILED", {
    problem: `nsenter ended (${end.signal ?? `exit status ${end.exitCode}`}) before the step started: ${complaint || "it said nothing"}`,
    remedy: "see what it says, or use the native backend",
    details,
  });
}

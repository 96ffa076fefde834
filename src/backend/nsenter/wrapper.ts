import { isUtf8 } from "node:buffer";

import { SCRIPT_DESCRIPTOR } from "../../step/index.ts";

/** Where the wrapper reports to us. */
export const REPORT_FD = 4;
/** The step's stderr, until the step starts: what nsenter and sh complain of must not get into it. */
export const STDERR_FD = 5;

/** What the wrapper says on its descriptor, and nothing else. */
export type Report = "started" | "missing" | "denied" | "cwd" | "script";

/** What the wrapper reports before it starts the step: what differs from what was asked for. */
export type Note = "root" | "memory";

/**
 * Variables that the loader or libc of nsenter itself would obey: glibc's unsecvars.h, LD_* of any loader, and what
 * util-linux reads. They come from the container and must not reach a program of the agent's that runs with the
 * agent's privileges; the wrapper sets them on the other side.
 */
const OBEYED = new RegExp(
  "^(?:(?:LD|MALLOC|RESOLV|LIBC|LIBMOUNT|UL|LC)_[A-Za-z0-9_]*|LANG|LANGUAGE|GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES" +
    "|HOSTALIASES|LOCALDOMAIN|LOCPATH|MUSL_LOCPATH|NIS_PATH|NLSPATH|POSIXLY_CORRECT|RES_OPTIONS|TMPDIR|TZ|TZDIR)$",
);

/** Where nsenter looks for the wrapper's sh first: libc's execvp gives up at an entry of the step's PATH that is a loop of links. */
const PATH_OF_SH = "/bin:/usr/bin";

/** An environment of which nsenter sees only what it does not obey. */
export interface Hidden {
  /** For nsenter. */
  variables: Record<string, string>;
  /** The beginning of the names under which the others travel; a number follows. */
  hiddenAs: string;
  hidden: number;
}

/** Splits the environment into what nsenter may see, and what is set inside under another name. */
export function hide(environment: readonly Buffer[]): Hidden {
  // escapeBytes takes the others.
  const texts = environment.filter((entry) => isUtf8(entry)).map(String);
  let hiddenAs = "K8S_EXECUTOR_";
  while (texts.some((text) => text.startsWith(hiddenAs))) hiddenAs += "_";
  // Its own messages in one language, for we read them; and no format string from a catalogue of the container's.
  const variables: Record<string, string> = { LC_ALL: "C" };
  let hidden = 0;
  for (const text of texts) {
    const name = text.slice(0, text.indexOf("="));
    if (OBEYED.test(name) || name === "PATH") variables[`${hiddenAs}${hidden++}`] = text;
    else variables[name] = text.slice(name.length + 1);
    if (name === "PATH") variables["PATH"] = `${PATH_OF_SH}:${text.slice(name.length + 1)}`;
  }
  return { variables, hiddenAs, hidden };
}

/**
 * A program for the container's sh: working directory first (nsenter's own option for it hangs on a FIFO and is missing
 * in old versions), then a word to us that the container was entered, then the command in its place.
 * The text depends on numbers and our own names only; every value is an argument or a variable.
 */
export function wrapper(
  options: Pick<Hidden, "hiddenAs" | "hidden"> & {
    script: "file" | "memfd" | undefined;
    /** The script is in memory too, for a user that cannot read its file. */
    isInMemoryToo: boolean;
    /** Where the step cannot be in its directory, it is in "/". */
    isCwdWanted: boolean;
    umask: number;
    /** What escapeBytes made. */
    statements: readonly string[];
  },
): string {
  const report = (word: Report | Note): string => `echo ${word} >&${REPORT_FD}`;
  const notEntered = `{ ${report("cwd")}; exit 125; }`;
  const notReadable = `{ ${report("script")}; exit 125; }`;
  const start = (closed: string): string => `exec "$@" 2>&${STDERR_FD} ${STDERR_FD}>&- ${REPORT_FD}>&-${closed}`;
  const reveal = Array.from({ length: options.hidden }, (_, index) => {
    const name = `${options.hiddenAs}${index}`;
    return `export "$${name}"; unset ${name}`;
  });
  return [
    `cd "$1" 2>/dev/null || ${options.isCwdWanted ? notEntered : `{ cd / && ${report("root")}; } || ${notEntered}`}`,
    "shift",
    ...options.statements,
    `umask ${options.umask.toString(8).padStart(4, "0")}`,
    "unset LC_ALL",
    ...reveal,
    'case "$1" in',
    `*/*) [ -e "$1" ] || { ${report("missing")}; exit 127; }`,
    `[ -x "$1" ] && [ ! -d "$1" ] || { ${report("denied")}; exit 126; };;`,
    `*) command -v "$1" >/dev/null 2>&1 || { ${report("missing")}; exit 127; };;`,
    "esac",
    ...(options.isInMemoryToo
      ? [
          'if [ -e "$2" ] && [ ! -r "$2" ]; then',
          `set -- "$1" ${SCRIPT_DESCRIPTOR}`,
          report("memory"),
          report("started"),
          start(""),
          "fi",
        ]
      : []),
    ...(options.script === "file" ? [`[ -r "$2" ] || ${notReadable}`] : []),
    report("started"),
    start(options.script === "memfd" ? "" : " 3<&-"),
  ].join("\n");
}

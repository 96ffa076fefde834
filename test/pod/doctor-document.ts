import path from "node:path";

import { REPOSITORY } from "../support/programs.ts";

/** Where the transcripts are. */
export const DOCUMENT: string = path.join(REPOSITORY, "docs/doctor.md");

/** Everything below is written by doctor-transcripts.ts. */
const BEGINNING = "<!-- Written by `tsx test/pod/doctor-transcripts.ts`. -->\n";

/** The part of the document that people write. */
export function withoutTranscripts(document: string): string {
  return document.slice(0, document.indexOf(BEGINNING));
}

/** One transcript as it stands in the document. */
export function formatTranscript(title: string, status: number | null, text: string): string {
  return `### ${title}\n\n\`\`\`console\n$ k8s-executor doctor; echo "exit status $?"\n${text}exit status ${status}\n\`\`\`\n`;
}

/** The document with these transcripts. */
export function withTranscripts(document: string, transcripts: readonly string[]): string {
  return `${withoutTranscripts(document)}${BEGINNING}\n${transcripts.join("\n")}`;
}

/** What is another on each machine and at each time. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/Linux \S+,/g, "Linux N,"],
  [/process \d+/g, "process N"],
  [/takes \d+\.\d ms/g, "takes N ms"],
  [/util-linux [\d.]+/g, "util-linux N"],
  [/\d+ of \d+ in use/g, "N of N in use"],
  [/(\d+ more may be started \([^)]*\)|no limit is to be seen)/g, "N more may be started"],
  [/not to be seen from the agent's container: [^)]*\)/g, "not to be seen)"],
  [/\b(x64|arm64)\b/g, "ARCHITECTURE"],
  [/\s+/g, " "],
];

/** The same for the same findings. */
export function normalize(text: string): string {
  // White space first, for what changes may stand at the end of a line.
  return CHANGING.reduce((result, [pattern, by]) => result.replaceAll(pattern, by), text.replaceAll(/\s+/g, " "));
}

import type { Case } from "./case.ts";
import { directories } from "./directories.ts";
import { endings } from "./endings.ts";
import { environment } from "./environment.ts";
import { identity } from "./identity.ts";
import { masked } from "./masked.ts";
import { outcomes } from "./outcomes.ts";
import { scriptCases } from "./scripts.ts";
import { streams } from "./streams.ts";
import { terminals } from "./terminals.ts";

export { type Case, type Context, type Target } from "./case.ts";

/** What the product promises of every container, whatever the backend and the runtime. */
export const CONTRACT: readonly Case[] = [
  ...outcomes,
  ...environment,
  ...directories,
  ...scriptCases,
  ...streams,
  ...endings,
  ...masked,
  ...identity,
  ...terminals,
];

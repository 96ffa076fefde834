import { readStatus } from "../container/index.ts";
import { accessProc } from "../system/index.ts";
import { ok, type Finding } from "./finding.ts";

/** no_new_privs of this process, which its steps inherit. */
export function checkPrivileges(): Finding {
  const isForbidden = readStatus(accessProc(), "/proc/self").get("NoNewPrivs") === "1";
  return ok(
    "privileges",
    isForbidden
      ? "forbidden (no_new_privs), for steps too: sudo cannot work in them"
      : "allowed here; in a step as in its container",
  );
}

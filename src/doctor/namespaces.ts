import type { Container } from "../container/index.ts";
import { ok, type Finding } from "./finding.ts";

/** Which namespaces of the container's are its own, and so are joined. */
export function checkNamespaces({ namespaces }: Container): Finding {
  const own = namespaces.map(({ name }) => name);
  const user = own.includes("user") ? "; its user namespace is another" : "";
  return ok(
    "namespaces",
    own.length === 0 ? "all are ours; its root directory is not" : `its own: ${own.join(", ")}${user}`,
  );
}

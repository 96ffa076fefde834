export { missingCapabilities, type CapabilityName } from "./capabilities.ts";
export { stepUser, type StepUser, type UserOptions } from "./as-user.ts";
export { MAX_HIERARCHIES } from "./cgroups.ts";
export { pinContainer, requireKill, type Container } from "./container.ts";
export { parseEnviron, readEnviron } from "./environ.ts";
export { type Identity } from "./identity.ts";
export { NAMESPACE_FLAGS, type Namespace, type NamespaceName } from "./namespaces.ts";
export { readStat } from "./process-stat.ts";
export { permissionDenied } from "./permission.ts";

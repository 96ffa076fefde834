export { ATTRIBUTES, type AttributeName } from "./attributes.ts";
export { missingCapabilities, type CapabilityName } from "./capabilities.ts";
export { stepUser, type StepUser, type UserOptions } from "./as-user.ts";
export { parseCgroups } from "./cgroup-files.ts";
export { cgroupReader } from "./cgroup-handle.ts";
export { MAX_HIERARCHIES } from "./cgroups.ts";
export { pinContainer, type Container } from "./container.ts";
export { requireEntrance, requireKill, type EntranceTarget, type MainDirectory } from "./entrance.ts";
export { hidingOfProc, procMountOptions } from "./hidden-processes.ts";
export { parseEnviron, readEnviron, readVariables } from "./environ.ts";
export { readStatus, type Identity } from "./identity.ts";
export { readLimit } from "./limits.ts";
export { MountTable } from "./mount-table.ts";
export { NAMING_VARIABLES, readCommand, readNames, type ContainerName, type NameSource } from "./names.ts";
export {
  NAMESPACE_FLAGS,
  readNamespaces,
  type Namespace,
  type NamespaceLinks,
  type NamespaceName,
} from "./namespaces.ts";
export { existsInside, forbiddenDirectory } from "./search-permission.ts";
export { openInside, readInside } from "./open-inside.ts";
export { readStat, type ProcessStat } from "./process-stat.ts";
export { isBeingCreated, RUNC_VARIABLE } from "./runtime-init.ts";
export { STEP_ID } from "./step-id.ts";
export { openCgroup, type CgroupTarget } from "./open-cgroup.ts";
export { explain } from "./refusals.ts";
export { permissionDenied } from "./permission.ts";
export { userName } from "./user-name.ts";

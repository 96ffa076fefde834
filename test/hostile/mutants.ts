/** A change of a file that undoes a counter-measure. */
export interface Edit {
  file: string;
  from: string;
  to: string;
}

/** The product without one of its counter-measures, and the case that must notice. */
export interface Mutant {
  name: string;
  case: string;
  edits: readonly Edit[];
}

/**
 * The kernel holds the file's lock for the length of a write, and swapping it for a link waits for that. In pieces, the
 * attacker comes in between, and the mutant is noticed on every machine and not only on one where it is lucky.
 */
const IN_PIECES: Edit = {
  file: "native/step/script.c",
  from: "SYSCALL(write, fd, at, left)",
  to: "SYSCALL(write, fd, at, left > 4096 ? 4096 : left)",
};

/** Every case that can be shown to fail; the others say in a comment of theirs how that was shown. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "a helper that is dumpable",
    case: "peek-as-root",
    edits: ["native/step/receive.c", "native/resident/resident.c"].map((file) => ({
      file,
      from: "PR_SET_DUMPABLE, 0,",
      to: "PR_SET_DUMPABLE, 1,",
    })),
  },
  {
    name: "a step that is dumpable before its execve, although its user changed",
    case: "peek-as-user",
    edits: [
      {
        file: "native/step/enter.c",
        from: "SYSCALL(umask,",
        to: "SYSCALL(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);\n        SYSCALL(umask,",
      },
    ],
  },
  {
    name: "a helper that runs from its file",
    case: "self-exe",
    edits: [
      { file: "native/helper/main.c", from: "result = run_from_sealed_copy(argv + 1);", to: "argv++, argc--;" },
      { file: "native/helper/main.c", from: "mode = argc > 2 ? argv[2][0] : '\\0';", to: "mode = argv[1][0];" },
    ],
  },
  {
    name: "a helper in memory that is not sealed",
    case: "self-exe",
    edits: [{ file: "src/backend/native/libc.ts", from: "F_ADD_SEALS, ALL_SEALS", to: "F_ADD_SEALS, ALL_SEALS & 0" }],
  },
  {
    name: "a copy of the helper that is not sealed",
    case: "self-exe",
    edits: [
      {
        file: "native/helper/unaided.c",
        from: "F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE",
        to: "0",
      },
    ],
  },
  {
    name: "descriptors that are open on the way in",
    case: "descriptors",
    edits: [
      {
        file: "native/step/enter.c",
        from: "result = close_descriptors(request, channel);",
        to: "result = request->script_fd == -2 ? close_descriptors(request, channel) : 0;",
      },
    ],
  },
  {
    name: "a directory that is not asked whether it is below the root",
    case: "above-root",
    edits: [{ file: "native/step/enter.c", from: "return path[0] == '/' ? 0 : -ENOENT;", to: "return 0;" }],
  },
  {
    name: "a directory that is opened",
    case: "odd-files",
    edits: [
      {
        file: "native/step/enter.c",
        from: "long result = SYSCALL(chdir, cwd);",
        to: "long result = SYSCALL(openat, AT_FDCWD, cwd, 0, 0);\n    if (result >= 0)\n        result = SYSCALL(fchdir, result);",
      },
    ],
  },
  {
    name: "a script whose mode is changed by its name",
    case: "swapped-script",
    edits: [
      IN_PIECES,
      {
        file: "native/step/script.c",
        from: "SYSCALL(fchmod, fd, 0700)",
        to: "SYSCALL(fchmodat, FD_SCRIPT_DIR, request->script_name, 0700)",
      },
    ],
  },
  {
    name: "a script that is given away by its name",
    case: "swapped-script",
    edits: [
      IN_PIECES,
      {
        file: "native/step/script.c",
        from: "SYSCALL(fchown, fd, request->header.script_uid, request->header.script_gid)",
        to: "SYSCALL(fchownat, FD_SCRIPT_DIR, request->script_name, request->header.script_uid, request->header.script_gid, 0)",
      },
    ],
  },
  {
    name: "variables that have no equals sign",
    case: "environ",
    edits: [{ file: "src/container/environ.ts", from: "equals > start && equals < end", to: "equals > start" }],
  },
  {
    name: "variables of which the last counts",
    case: "environ",
    edits: [
      {
        file: "src/container/environ.ts",
        from: "if (isWanted(name) && !variables.has(name)) variables",
        to: "if (isWanted(name)) variables",
      },
    ],
  },
  {
    name: "a bounding set that stays whole",
    case: "preload",
    edits: [{ file: "native/step/identity.c", from: "PR_CAPBSET_DROP", to: "PR_CAPBSET_READ" }],
  },
  {
    name: "a bounding set that stays whole",
    case: "set-id",
    edits: [{ file: "native/step/identity.c", from: "PR_CAPBSET_DROP", to: "PR_CAPBSET_READ" }],
  },
  {
    name: "a step that does not look whether its supervisor still lives",
    case: "orphan",
    edits: [
      { file: "native/step/enter.c", from: "== progress->supervisor ?", to: ">= progress->supervisor - (1 << 30) ?" },
      // And that asks late: otherwise the moment in which only the look helps is too short to be hit for certain.
      { file: "native/step/spawn.c", from: "(int)SYSCALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)", to: "0" },
    ],
  },
  {
    name: "a relay whose end nobody mentions",
    case: "stopped",
    edits: [{ file: "native/step/events.c", from: "|= RECORD_OUTPUT_CUT", to: "|= 0" }],
  },
  {
    name: "a supervisor that looks into the guest's /proc",
    case: "fake-proc",
    edits: [
      {
        file: "native/step/keeper.c",
        from: "close_steps_ends(request);\n",
        to: "SYSCALL(setns, FD_NAMESPACES, 0x20000);\n    close_steps_ends(request);\n",
      },
    ],
  },
  {
    name: "a helper that goes by the number",
    case: "reused-pid",
    edits: [
      { file: "native/step/keeper.c", from: "if (target_is_gone())", to: "if (false)" },
      { file: "native/step/open_container.c", from: "(uint32_t)found.st_ino != namespace->inode", to: "false" },
      {
        file: "native/step/open_container.c",
        from: "    at_stage(progress, STAGE_TARGET);\n",
        to: `    at_stage(progress, STAGE_TARGET);
    char digits[12], by_number[24] = "/proc/";
    size_t count = 0, end = 6;
    for (uint32_t left = request->header.target_pid; left > 0; left /= 10)
        digits[count++] = (char)('0' + left % 10);
    while (count > 0)
        by_number[end++] = digits[--count];
    long anew = SYSCALL(openat, AT_FDCWD, by_number, O_PATH | O_CLOEXEC, 0);
    SYSCALL(dup3, anew, FD_TARGET, O_CLOEXEC);
`,
      },
    ],
  },
  {
    name: "a bounding set that stays whole",
    case: "leaving",
    edits: [{ file: "native/step/identity.c", from: "PR_CAPBSET_DROP", to: "PR_CAPBSET_READ" }],
  },
  {
    name: "a step in the agent's session",
    case: "terminal",
    edits: [
      { file: "native/step/enter.c", from: "result = (int)SYSCALL(setsid);", to: "result = 0;" },
      { file: "src/backend/native/libc.ts", from: "0x04 | 0x08 | 0x80", to: "0x04 | 0x08" },
    ],
  },
  {
    name: "input that is read whether anybody wants it or not",
    case: "flood",
    edits: [
      {
        file: "src/process/input.ts",
        from: "} else if (!stdin.write(chunk)) {",
        to: "} else if (!stdin.write(chunk) && chunk.length === 0) {",
      },
    ],
  },
  {
    name: "a mount that is trusted",
    case: "cgroup-mounts",
    edits: [
      {
        file: "src/container/cgroups.ts",
        from: "openProcesses(openByOurMounts(mounts",
        to: "openProcesses(openCgroup(mounts, target",
      },
      { file: "src/container/open-cgroup.ts", from: "!hasMember(fd, pid)", to: "pid < 0" },
      { file: "src/container/cgroup-handle.ts", from: "constants.O_NOFOLLOW | 0o2000000", to: "0o2000000" },
      {
        file: "src/container/cgroup-handle.ts",
        from: "if (!MAGIC.has(statfsSync(`/proc/self/fd/${fd}`).type)) throw",
        to: "if (!MAGIC.has(statfsSync(`/proc/self/fd/${fd}`).type) && fd < 0) throw",
      },
      {
        file: "src/container/cgroup-handle.ts",
        from: "mount === undefined || mountOf(reference) !== mount",
        to: "mountOf(reference) === undefined",
      },
    ],
  },
  {
    name: "a list of members that need not be the cgroup's own",
    case: "cgroup-mounts",
    edits: [
      {
        file: "src/container/cgroup-handle.ts",
        from: "mount === undefined || mountOf(reference) !== mount",
        to: "mount === undefined",
      },
    ],
  },
  {
    name: "a cgroup that need not have the target as a member",
    case: "cgroup-mounts",
    edits: [
      { file: "src/container/open-cgroup.ts", from: "!hasMember(fd, pid)", to: "!hasMember(fd, pid) && pid < 0" },
    ],
  },
  {
    name: "a trial that is cut short counting as a backend that does not work",
    case: "trial",
    edits: [
      {
        file: "src/backend/choose.ts",
        from: "if (error instanceof ExecutorError) throw error;",
        to: 'if (error instanceof ExecutorError && choice !== "auto") throw error;',
      },
    ],
  },
];

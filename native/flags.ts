/** The flags that every compilation of our C gets. */
export const WARNINGS: readonly string[] = [
  "-std=gnu11",
  "-D_GNU_SOURCE",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wshadow",
  "-Wconversion",
  "-Wstrict-prototypes",
  "-Wmissing-prototypes",
  "-Wvla",
  "-Wformat=2",
];

/** Our programs'; CONTRIBUTING.md says why we want no libc. _FORTIFY_SOURCE is missing because it is libc's. */
export const FREESTANDING: readonly string[] = [
  "-Os",
  "-ffreestanding",
  "-nostdlib",
  "-static-pie",
  "-fPIE",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-ffunction-sections",
  "-fstack-protector-strong",
  // A path has 4 KiB on the stack: whatever is above it, the guard page is not jumped over.
  "-fstack-clash-protection",
  // What the standard leaves undefined must not cost a check: it is made to mean what it says.
  "-fno-strict-aliasing",
  "-fno-strict-overflow",
  "-fno-delete-null-pointer-checks",
  "-Wl,--no-dynamic-linker",
  "-Wl,--gc-sections",
  "-Wl,--build-id=none",
  "-Wl,--fatal-warnings",
  "-Wl,-z,noexecstack",
  // Position-independent without relocations (test/unit/native-binary.test.ts): nothing to make read-only later, and
  // fewer pages to map.
  "-Wl,-z,norelro",
  "-Wl,-z,noseparate-code",
  "-s",
];

/** Without libc there is no thread-local canary: start.c seeds one from AT_RANDOM, and this says where it is. */
export const CANARY: Readonly<Record<string, readonly string[]>> = {
  x64: ["-mstack-protector-guard=global"],
  // A global one is found through a relocation here, and nobody applies any.
  arm64: [
    "-mstack-protector-guard=sysreg",
    "-mstack-protector-guard-reg=tpidr_el0",
    "-mstack-protector-guard-offset=0",
  ],
};

/** Used where the compiler knows them. */
export const OPTIONAL: readonly string[] = [
  // No local variable holds what was on the stack before. gcc from 12, clang from 16.
  "-ftrivial-auto-var-init=zero",
  // Only libc's start-up can turn it on for a process: the marks would be dead weight. Not on arm64.
  "-fcf-protection=none",
];

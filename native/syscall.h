/* Raw system calls: our programs have no libc, so that nothing in them depends on how a libc starts up. */
#ifndef K8S_EXECUTOR_SYSCALL_H
#define K8S_EXECUTOR_SYSCALL_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

/* Every call answers a value, or -errno. */
static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "we know x86_64 and aarch64; add this architecture's system call convention here and in start.c"
#endif
}

#define SYSCALL_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define SYSCALL0(n) raw_syscall(n, 0, 0, 0, 0, 0, 0)
#define SYSCALL1(n, a) raw_syscall(n, (long)(a), 0, 0, 0, 0, 0)
#define SYSCALL2(n, a, b) raw_syscall(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYSCALL3(n, a, b, c) raw_syscall(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYSCALL4(n, a, b, c, d) raw_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYSCALL5(n, a, b, c, d, e) raw_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYSCALL6(n, a, b, c, d, e, f) raw_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* SYSCALL(close, fd): the call by its name, with its own number of arguments. */
#define SYSCALL(name, ...)                                                                              \
    SYSCALL_PICK(, ##__VA_ARGS__, SYSCALL6, SYSCALL5, SYSCALL4, SYSCALL3, SYSCALL2, SYSCALL1, SYSCALL0) \
    (__NR_##name, ##__VA_ARGS__)

#endif

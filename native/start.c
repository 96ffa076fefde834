/* Where the kernel puts us. No libc start-up: it would cost more than all the rest, and it would read the environment. */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "start.h"
#include "syscall.h"

#if defined(__x86_64__)
__asm__(".globl _start\n.type _start,@function\n_start:\n"
        "xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall start_c\nud2\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n.type _start,%function\n_start:\n"
        "mov x29, #0\nmov x30, #0\nmov x0, sp\nbl start_c\nbrk #0\n");
#endif

uintptr_t __stack_chk_guard;

__attribute__((noreturn)) void __stack_chk_fail(void);
__attribute__((noreturn)) void __stack_chk_fail(void)
{
    for (;;)
        SYSCALL(exit_group, 125);
}

/* The compiler may call these for struct copies and zeroing, whatever the flags. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t length);
void *memset(void *to, int value, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((volatile char *)to)[i] = (char)value;
    return to;
}

__attribute__((noreturn, used, no_stack_protector)) void start_c(uintptr_t *stack);
__attribute__((noreturn, used, no_stack_protector)) void start_c(uintptr_t *stack)
{
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    uintptr_t *at = stack + 1 + argc + 1;
    while (*at)
        at++;
    for (at++; at[0] != AT_NULL; at += 2)
        if (at[0] == AT_RANDOM)
            memcpy(&__stack_chk_guard, (const void *)at[1], sizeof __stack_chk_guard);
#if defined(__aarch64__)
    /* Where native/flags.ts tells the compiler to look for it; a fork inherits the register. */
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(&__stack_chk_guard) : "memory");
#endif
    for (;;)
        SYSCALL(exit_group, program_main(argc, argv));
}

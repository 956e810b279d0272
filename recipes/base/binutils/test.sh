# Assemble, archive, link and run a program that needs nothing but the kernel.
cat >hello.s <<'SOURCE'
    .globl _start
_start:
    mov $1, %eax            # write
    mov $1, %edi
    lea text(%rip), %rsi
    mov $6, %edx
    syscall
    mov $60, %eax           # exit
    xor %edi, %edi
    syscall
text:
    .ascii "hello\n"
SOURCE

x86_64-conda-linux-gnu-as hello.s -o hello.o
x86_64-conda-linux-gnu-ar rc libhello.a hello.o
x86_64-conda-linux-gnu-ranlib libhello.a
x86_64-conda-linux-gnu-ld --whole-archive libhello.a -o hello
test "$(./hello)" = hello

x86_64-conda-linux-gnu-strip hello
x86_64-conda-linux-gnu-objcopy --only-section=.text hello text
test "$(./hello)" = hello
test -z "$(x86_64-conda-linux-gnu-nm hello 2>/dev/null)"
x86_64-conda-linux-gnu-objdump --disassemble hello | grep syscall
x86_64-conda-linux-gnu-readelf --file-header hello | grep X86-64

# Compile, link and run in the ways that break first when a compiler is not where it was built.
prints_20() {
    x86_64-conda-linux-gnu-gcc -Wall -Wno-unknown-pragmas -Werror -O2 "$@" -lm -o program
    test "$(./program)" = 20
}

prints_20 tests/program.c
prints_20 tests/program.c -static
prints_20 tests/program.c -fopenmp -Wl,-rpath,"$PREFIX/lib"
prints_20 tests/program.c -g -pg -march=x86-64-v2

# a library of intermediate code, which needs the linker's plugin
x86_64-conda-linux-gnu-gcc -O2 -flto -Dmain=program -c tests/program.c -o program.o
x86_64-conda-linux-gnu-gcc-ar rcs libprogram.a program.o
echo 'int program(void); int main(void) { return program(); }' >main.c
prints_20 -flto main.c libprogram.a

# nothing of the machine is ever searched
test "$(realpath "$(x86_64-conda-linux-gnu-gcc -print-sysroot)")" = "$PREFIX/x86_64-conda-linux-gnu/sysroot"
test -z "$(x86_64-conda-linux-gnu-gcc -print-search-dirs | tr ':=' '\n' | grep '^/' | grep -v "^$PREFIX/")"

# Compile, link and run in the ways that break first when a compiler is not where it was built.
CC=x86_64-conda-linux-gnu-clang
prints_20() {
    "$CC" -Wall -Wno-unknown-pragmas -Werror -O2 tests/program.c "$@" -lm -o program
    test "$(./program)" = 20
}

prints_20
prints_20 -static
prints_20 -fopenmp -include omp.h -isystem "$PREFIX/include" -L"$PREFIX/lib" -Wl,-rpath,"$PREFIX/lib"
prints_20 -g -march=x86-64-v3 -O0
prints_20 -flto -fuse-ld=lld

# what it makes says who made it, and its own headers are those beside it
"$CC" -g -S tests/program.c -o - | grep 'clang version 19'
test "$(clang --print-resource-dir)" = "$PREFIX/lib/clang/19"

# nothing of the machine is ever searched
"$CC" -v -E -x c /dev/null 2>&1 | sed -n '/search starts here/,/End of search/p' | grep '^ /' >places
"$CC" -print-search-dirs | tr ':=' '\n' | grep '^/' >>places
realpath -m $(cat places) | grep -v "^$PREFIX/" >outside || true
test ! -s outside || { cat outside; false; }

# A library and a program, compiled and linked as configure scripts do it, run without any help from the environment.
cat >answer.c <<'SOURCE'
#include <math.h>
double answer(void) { return fmax(41.5, 42); }
SOURCE
cat >main.c <<'SOURCE'
#include <stdio.h>
double answer(void);
int main(void) { return printf("%g\n", answer()) < 0; }
SOURCE

$CC $CPPFLAGS $CFLAGS -c answer.c main.c
$CC $CFLAGS $LDFLAGS -shared answer.o -lm -o libanswer.so
$CC $CFLAGS $LDFLAGS main.o -L. -lanswer -Wl,-rpath,"$PWD" -o program
test "$(./program)" = 42

# what cannot run on the oldest processors is not asked for by default
echo __AVX__ __SSE4_2__ | $CPP $CFLAGS -P - | grep -x '__AVX__ __SSE4_2__'

# deactivation leaves nothing behind, and brings back what was there
source "$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"
source "$PREFIX/etc/conda/deactivate.d/deactivate-binutils_linux-64.sh"
test -z "${CC-}${CC_FOR_BUILD-}${CFLAGS-}${LDFLAGS-}${CMAKE_ARGS-}${MESON_ARGS-}${HOST-}"
test -z "$(env | grep ^CONDA_SET_ || true)"
test -z "$(declare -F | grep _conda_ || true)"
CC=mine
source "$PREFIX/etc/conda/activate.d/activate-binutils_linux-64.sh"
source "$PREFIX/etc/conda/activate.d/activate-$PKG_NAME.sh"
test "$CC" != mine
source "$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"
test "$CC" = mine

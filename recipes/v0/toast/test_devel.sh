# A program is compiled against the library, and run.
cat >slice.c <<END
#include <toast.h>
int main(void) { return toast_slices("one two") != 2; }
END
$CC $CPPFLAGS $CFLAGS $LDFLAGS slice.c -ltoast -o slice
./slice

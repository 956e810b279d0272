# An exception thrown by a library, in another thread, caught by the program.
cat >thrower.cpp <<'SOURCE'
#include <stdexcept>
void thrower() { throw std::out_of_range("far out"); }
SOURCE
cat >main.cpp <<'SOURCE'
#include <future>
#include <iostream>
#include <stdexcept>
void thrower();
int main() {
    try {
        std::async(std::launch::async, thrower).get();
    } catch (const std::logic_error &error) {
        std::cout << error.what() << std::endl;
    }
}
SOURCE

$CXX $CPPFLAGS $CXXFLAGS -c thrower.cpp main.cpp
$CXX $CXXFLAGS $LDFLAGS -shared thrower.o -o libthrower.so
$CXX $CXXFLAGS $LDFLAGS main.o -L. -lthrower -Wl,-rpath,"$PWD" -o program
test "$(./program)" = "far out"

source "$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"
test -z "${CXX-}${CXX_FOR_BUILD-}${CXXFLAGS-}${DEBUG_CXXFLAGS-}"

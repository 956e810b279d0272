_conda_activate_gcc() {
    local host=x86_64-conda-linux-gnu

    _conda_set_gcc CC $host-cc
    _conda_set_gcc CC_FOR_BUILD $host-cc
    _conda_set_gcc CPP $host-cpp
    _conda_set_gcc GCC $host-gcc
    _conda_set_gcc GCC_AR $host-gcc-ar
    _conda_set_gcc GCC_NM $host-gcc-nm
    _conda_set_gcc GCC_RANLIB $host-gcc-ranlib

    _conda_flags_gcc
    local debug="-Og -g -Wall -Wextra -fvar-tracking-assignments"
    _conda_set_gcc CFLAGS "${CFLAGS:-$_conda_code -O2 $_conda_rest}"
    _conda_set_gcc DEBUG_CFLAGS "${DEBUG_CFLAGS:-$_conda_code $debug $_conda_rest}"
}

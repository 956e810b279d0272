_conda_activate_clang() {
    local host=x86_64-conda-linux-gnu

    _conda_set_clang CC $host-clang
    _conda_set_clang CC_FOR_BUILD $host-clang
    _conda_set_clang CPP $host-clang-cpp
    _conda_set_clang CLANG $host-clang

    _conda_flags_clang
    _conda_set_clang CFLAGS "${CFLAGS:-$_conda_code -O2 $_conda_rest}"
    _conda_set_clang DEBUG_CFLAGS "${DEBUG_CFLAGS:-$_conda_code -Og -g -Wall -Wextra $_conda_rest}"
}

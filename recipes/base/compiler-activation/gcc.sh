# Flags that the user has set already are left alone. During a build, the host environment is compiled and linked against
# and the paths of this build stay out of what is compiled; otherwise it is the active environment.
_conda_activate_gcc() {
    local host=x86_64-conda-linux-gnu prefix=$CONDA_PREFIX paths="" cmake="-DCMAKE_BUILD_TYPE=Release"
    if [ "${CONDA_BUILD-}" = 1 ] && [ -n "${BUILD_PREFIX-}" ]; then
        prefix=$PREFIX
        paths="-ffile-prefix-map=$SRC_DIR=/usr/local/src/conda/$PKG_NAME-$PKG_VERSION"
        paths="$paths -ffile-prefix-map=$PREFIX=/usr/local/src/conda-prefix"
        paths="$paths -ffile-prefix-map=$BUILD_PREFIX=/usr/local/src/conda-build-prefix"
        cmake="$cmake -DCMAKE_INSTALL_PREFIX=$PREFIX -DCMAKE_INSTALL_LIBDIR=lib"
        cmake="$cmake -DCMAKE_PROGRAM_PATH=$BUILD_PREFIX/bin;$PREFIX/bin"
    fi
    # cmake finds headers and libraries in the environment and in the sysroot, and nowhere else
    cmake="$cmake -DCMAKE_FIND_ROOT_PATH=$prefix;$CONDA_PREFIX/$host/sysroot -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER"
    cmake="$cmake -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"

    local code="-march=x86-64 -mtune=generic -ftree-vectorize -fPIC -fstack-protector-strong"
    local rest="-ffunction-sections -pipe -isystem $prefix/include${paths:+ $paths}"
    local link="-Wl,-O2 -Wl,--sort-common -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--disable-new-dtags"
    link="$link -Wl,--gc-sections -Wl,--allow-shlib-undefined"
    link="$link -Wl,-rpath,$prefix/lib -Wl,-rpath-link,$prefix/lib -L$prefix/lib"

    _conda_set_gcc CC $host-cc
    _conda_set_gcc CPP $host-cpp
    _conda_set_gcc GCC $host-gcc
    _conda_set_gcc GCC_AR $host-gcc-ar
    _conda_set_gcc GCC_NM $host-gcc-nm
    _conda_set_gcc GCC_RANLIB $host-gcc-ranlib

    _conda_set_gcc CPPFLAGS "${CPPFLAGS:--DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem $prefix/include}"
    _conda_set_gcc CFLAGS "${CFLAGS:-$code -O2 $rest}"
    _conda_set_gcc LDFLAGS "${LDFLAGS:-$link}"
    _conda_set_gcc DEBUG_CPPFLAGS "${DEBUG_CPPFLAGS:--D_DEBUG -D_FORTIFY_SOURCE=2 -Og -isystem $prefix/include}"
    _conda_set_gcc DEBUG_CFLAGS "${DEBUG_CFLAGS:-$code -Og -g -Wall -Wextra -fvar-tracking-assignments $rest}"

    _conda_set_gcc CMAKE_ARGS "${CMAKE_ARGS:-$cmake}"
    _conda_set_gcc CMAKE_PREFIX_PATH "${CMAKE_PREFIX_PATH:-$prefix}"
}

_conda_activate_gcc
unset -f _conda_activate_gcc _conda_set_gcc

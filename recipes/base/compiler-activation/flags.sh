# Sets what compilers of all languages are called with. Flags that the user has set already are left alone. During a build,
# the host environment is compiled and linked against, and the paths of this build stay out of what is compiled; otherwise
# it is the active environment. Leaves in _conda_code and _conda_rest what the flags of each language begin and end with.
_conda_flags_@NAME@() {
    local host=x86_64-conda-linux-gnu prefix=$CONDA_PREFIX paths=""
    local cmake="-DCMAKE_BUILD_TYPE=Release" meson="-Dbuildtype=release"
    if [ "${CONDA_BUILD-}" = 1 ] && [ -n "${BUILD_PREFIX-}" ]; then
        prefix=$PREFIX
        paths="-ffile-prefix-map=$SRC_DIR=/usr/local/src/conda/$PKG_NAME-$PKG_VERSION"
        paths="$paths -ffile-prefix-map=$PREFIX=/usr/local/src/conda-prefix"
        paths="$paths -ffile-prefix-map=$BUILD_PREFIX=/usr/local/src/conda-build-prefix"
        cmake="$cmake -DCMAKE_INSTALL_PREFIX=$PREFIX -DCMAKE_INSTALL_LIBDIR=lib"
        cmake="$cmake -DCMAKE_PROGRAM_PATH=$BUILD_PREFIX/bin;$PREFIX/bin"
        meson="$meson --prefix=$PREFIX -Dlibdir=lib"
    fi
    # cmake finds headers and libraries in the environment and in the sysroot, and nowhere else
    cmake="$cmake -DCMAKE_FIND_ROOT_PATH=$prefix;$CONDA_PREFIX/$host/sysroot -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER"
    cmake="$cmake -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY"

    local link="-Wl,-O2 -Wl,--sort-common -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--disable-new-dtags"
    link="$link -Wl,--gc-sections -Wl,--allow-shlib-undefined"
    link="$link -Wl,-rpath,$prefix/lib -Wl,-rpath-link,$prefix/lib -L$prefix/lib"

    _conda_set_@NAME@ CPPFLAGS "${CPPFLAGS:--DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem $prefix/include}"
    _conda_set_@NAME@ DEBUG_CPPFLAGS "${DEBUG_CPPFLAGS:--D_DEBUG -D_FORTIFY_SOURCE=2 -Og -isystem $prefix/include}"
    _conda_set_@NAME@ LDFLAGS "${LDFLAGS:-$link}"
    _conda_set_@NAME@ CMAKE_ARGS "${CMAKE_ARGS:-$cmake}"
    _conda_set_@NAME@ CMAKE_PREFIX_PATH "${CMAKE_PREFIX_PATH:-$prefix}"
    _conda_set_@NAME@ MESON_ARGS "${MESON_ARGS:-$meson}"

    _conda_code="-march=x86-64 -mtune=generic -ftree-vectorize -fPIC -fstack-protector-strong"
    _conda_rest="-ffunction-sections -pipe -isystem $prefix/include${paths:+ $paths}"
}


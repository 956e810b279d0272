# Programs go by name, not by path: a path would be recorded in much of what is built.
_conda_activate_binutils() {
    local host=x86_64-conda-linux-gnu

    _conda_set_binutils HOST $host
    _conda_set_binutils BUILD $host
    _conda_set_binutils host_alias $host
    _conda_set_binutils build_alias $host
    _conda_set_binutils CONDA_TOOLCHAIN_HOST $host
    _conda_set_binutils CONDA_TOOLCHAIN_BUILD $host
    _conda_set_binutils CONDA_BUILD_SYSROOT "$CONDA_PREFIX/$host/sysroot"

    _conda_set_binutils ADDR2LINE $host-addr2line
    _conda_set_binutils AR $host-ar
    _conda_set_binutils AS $host-as
    _conda_set_binutils CXXFILT $host-c++filt
    _conda_set_binutils ELFEDIT $host-elfedit
    _conda_set_binutils GPROF $host-gprof
    _conda_set_binutils LD $host-ld
    _conda_set_binutils NM $host-nm
    _conda_set_binutils OBJCOPY $host-objcopy
    _conda_set_binutils OBJDUMP $host-objdump
    _conda_set_binutils RANLIB $host-ranlib
    _conda_set_binutils READELF $host-readelf
    _conda_set_binutils SIZE $host-size
    _conda_set_binutils STRINGS $host-strings
    _conda_set_binutils STRIP $host-strip
}

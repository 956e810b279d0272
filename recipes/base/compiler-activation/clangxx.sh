# The flags are those of the C compiler, which has been activated before.
_conda_activate_clangxx() {
    local host=x86_64-conda-linux-gnu

    _conda_set_clangxx CXX $host-clang++
    _conda_set_clangxx CXX_FOR_BUILD $host-clang++
    _conda_set_clangxx CLANGXX $host-clang++
    _conda_set_clangxx CXXFLAGS "${CXXFLAGS:--fvisibility-inlines-hidden -fmessage-length=0 $CFLAGS}"
    _conda_set_clangxx DEBUG_CXXFLAGS "${DEBUG_CXXFLAGS:--fvisibility-inlines-hidden -fmessage-length=0 $DEBUG_CFLAGS}"
}

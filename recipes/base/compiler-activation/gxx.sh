# The flags are those of the C compiler, which has been activated before.
_conda_activate_gxx() {
    local host=x86_64-conda-linux-gnu

    _conda_set_gxx CXX $host-c++
    _conda_set_gxx CXX_FOR_BUILD $host-c++
    _conda_set_gxx GXX $host-g++
    _conda_set_gxx CXXFLAGS "${CXXFLAGS:--fvisibility-inlines-hidden -fmessage-length=0 $CFLAGS}"
    _conda_set_gxx DEBUG_CXXFLAGS "${DEBUG_CXXFLAGS:--fvisibility-inlines-hidden -fmessage-length=0 $DEBUG_CFLAGS}"
}

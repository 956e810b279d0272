# Alone or beside a C compiler, whichever that is: what both of them set is the same.
_conda_activate_gfortran() {
    local host=x86_64-conda-linux-gnu name

    for name in FC F77 F90 F95 FC_FOR_BUILD GFORTRAN; do
        _conda_set_gfortran $name $host-gfortran
    done

    _conda_flags_gfortran
    _conda_set_gfortran FFLAGS "${FFLAGS:-$_conda_code -O2 $_conda_rest}"
    _conda_set_gfortran FORTRANFLAGS "${FORTRANFLAGS:-$_conda_code -O2 $_conda_rest}"
    _conda_set_gfortran DEBUG_FFLAGS "${DEBUG_FFLAGS:-$_conda_code -Og -g -Wall -fcheck=all $_conda_rest}"
}

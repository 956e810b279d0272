# In a build, libraries are those of the host environment; otherwise of the active one.
_conda_pkg_config_prefix=$CONDA_PREFIX
if [ "${CONDA_BUILD-}" = 1 ] && [ -n "${PREFIX-}" ]; then
    _conda_pkg_config_prefix=$PREFIX
fi
[ -z "${PKG_CONFIG_LIBDIR+set}" ] || export CONDA_BACKUP_PKG_CONFIG_LIBDIR="$PKG_CONFIG_LIBDIR"
export PKG_CONFIG_LIBDIR="$_conda_pkg_config_prefix/lib/pkgconfig:$_conda_pkg_config_prefix/share/pkgconfig"
unset _conda_pkg_config_prefix

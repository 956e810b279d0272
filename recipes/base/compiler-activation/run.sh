
_conda_activate_@NAME@
unset -f _conda_activate_@NAME@ _conda_flags_@NAME@ _conda_set_@NAME@
unset _conda_code _conda_rest

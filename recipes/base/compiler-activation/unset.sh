# Brings back what the variables were before activation.
for _conda_name in $(echo "${CONDA_SET_@NAME@-}"); do
    unset "$_conda_name"
    _conda_backup=CONDA_BACKUP_@NAME@_$_conda_name
    eval "[ -z \"\${$_conda_backup+set}\" ] || export $_conda_name=\"\$$_conda_backup\""
    unset "$_conda_backup"
done
unset _conda_name _conda_backup CONDA_SET_@NAME@

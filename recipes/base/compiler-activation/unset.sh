# Brings back what the variables were before activation.
for _conda_name in $(echo "${CONDA_SET_@NAME@-}"); do
    unset "$_conda_name"
    eval "[ -z \"\${CONDA_BACKUP_$_conda_name+set}\" ] || export $_conda_name=\"\$CONDA_BACKUP_$_conda_name\""
    unset "CONDA_BACKUP_$_conda_name"
done
unset _conda_name CONDA_SET_@NAME@

# Sourced by every shell that activates the environment, so written for all of them.

# NAME VALUE: export a variable, and remember what it was and that we have set it
_conda_set_@NAME@() {
    eval "[ -z \"\${$1+set}\" ] || export CONDA_BACKUP_@NAME@_$1=\"\$$1\""
    export CONDA_SET_@NAME@="${CONDA_SET_@NAME@-} $1"
    export "$1=$2"
}


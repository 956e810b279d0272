# What is installed beside the interpreter, and an environment of its own.
test "$(python3 --version)" = "$(python3.13 --version)"
test "$(python-config --includes | cut -d ' ' -f 1)" = "-I$PREFIX/include/python3.13"
pydoc sys | grep 'sys - This module'

python -m venv --without-pip own
test "$(own/bin/python -c 'import ssl, sys; print(sys.prefix)')" = "$PWD/own"

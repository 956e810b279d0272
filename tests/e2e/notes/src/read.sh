cat "$CONDA_PREFIX/share/notes/first.txt"

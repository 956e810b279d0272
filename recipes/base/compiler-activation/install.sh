# The scripts of one package, which are called after it: the parts that it needs, and the way back.
name=${PKG_NAME%_linux-64}
parts=(set.sh "$name.sh" run.sh)
case $name in clang | gcc | gfortran) parts=(set.sh flags.sh "$name.sh" run.sh) ;; esac

cd "$RECIPE_DIR"
mkdir -p "$PREFIX"/etc/conda/{activate,deactivate}.d
sed "s/@NAME@/$name/g" "${parts[@]}" >"$PREFIX/etc/conda/activate.d/activate-$PKG_NAME.sh"
sed "s/@NAME@/$name/g" unset.sh >"$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"

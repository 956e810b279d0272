# The scripts of one package, which are called after it: set.sh and its own variables, and the way back.
name=${PKG_NAME%_linux-64}
mkdir -p "$PREFIX"/etc/conda/{activate,deactivate}.d

sed "s/@NAME@/$name/g" "$RECIPE_DIR/set.sh" "$RECIPE_DIR/$name.sh" >"$PREFIX/etc/conda/activate.d/activate-$PKG_NAME.sh"
sed "s/@NAME@/$name/g" "$RECIPE_DIR/unset.sh" >"$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"

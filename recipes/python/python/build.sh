# The tests stay in: they are a package of their own. Three modules need libraries that the collection does not have.
lib=$PREFIX/lib/python3.13
without="_dbm _gdbm _tkinter"

./configure --prefix="$PREFIX" --enable-shared --with-platlibdir=lib --without-ensurepip --with-system-expat \
    --with-system-libmpdec=no --with-readline=readline --enable-loadable-sqlite-extensions --with-openssl="$PREFIX" \
    --with-tzpath="$PREFIX/share/zoneinfo" --without-static-libpython OPT="-fwrapv -Wall"

# configure leaves out what it does not find, without an error
missing=$(sed -n 's/^MODULE_\(.*\)_STATE=missing$/\L\1/p' Makefile | sort | xargs)
if [ "$missing" != "$without" ]; then
    echo "not found: what these modules need: $missing; expected: $without" >&2
    exit 1
fi

make -j"$CPU_COUNT"
make install PYTHON_FOR_BUILD=true # which would compile all modules, three times: bakehouse does it, once
test -z "$(find . -name '*_failed.*.so')"

ln -s python3 "$PREFIX/bin/python"
ln -s pydoc3 "$PREFIX/bin/pydoc"
ln -s python3-config "$PREFIX/bin/python-config"
rm -r "$lib"/{idlelib,tkinter,turtledemo,turtle.py} "$PREFIX"/bin/idle3*

# The flags that this build was made with go to whoever compiles a module; its folders do not.
settings=("$lib"/_sysconfigdata_*.py "$lib"/config-3.13-*/{Makefile,python-config.py} "$PREFIX/bin/python3.13-config")
sed -i -E "s# ?-ffile-prefix-map=[^ '\"]*##g; s#$BUILD_PREFIX#/usr/local/src/conda-build-prefix#g; s#$PWD#/usr/local/src/conda/python#g" \
    "${settings[@]}"

# Lays the unpacked Debian packages out as one prefix. Which file belongs to which package is said in recipe.yaml.
debian=x86_64-linux-gnu
conda=x86_64-conda-linux-gnu
internals=$PREFIX/lib/gcc/$debian/12
mkdir -p "$PREFIX"/{bin,"$conda/lib","include/$debian/c++",include/c++,"lib/gcc/$debian"}

# programs, under conda's names
for tool in cpp g++ gcc gfortran gcc-ar gcc-nm gcc-ranlib gcov gcov-dump gcov-tool; do
    cp -a "usr/bin/$debian-$tool-12" "$PREFIX/bin/$conda-$tool"
done
ln -s "$conda-gcc" "$PREFIX/bin/$conda-cc"
ln -s "$conda-g++" "$PREFIX/bin/$conda-c++"

# the compilers proper find each other by these names and places
cp -a usr/lib/gcc/$debian/12 "$internals"
cp -a usr/include/c++/12 "$PREFIX/include/c++/"
cp -a usr/include/$debian/c++/12 "$PREFIX/include/$debian/c++/"

# run-time libraries, and the links by which programs are linked with them
cp -a lib/$debian/libgcc_s.so.1 usr/lib/$debian/lib{atomic,gfortran,gomp,quadmath,stdc++}.so.* "$PREFIX/lib/"
ln -sf ../../../libatomic.so.1 "$internals/libatomic.so"
ln -sf ../../../libgfortran.so.5 "$internals/libgfortran.so"
ln -sf ../../../libgomp.so.1 "$internals/libgomp.so"
ln -sf ../../../libquadmath.so.0 "$internals/libquadmath.so"
ln -sf ../../../libstdc++.so.6 "$internals/libstdc++.so"
ln -sf ../../../libgcc_s.so.1 "$internals/"

# the compilers' own libraries
cp -a usr/lib/$debian/lib{gmp,isl,mpc,mpfr}.so.* "$PREFIX/$conda/lib/"

# GCC's built-in rules, followed by those that make it find the sysroot from wherever it is installed.
# Not written in place: GCC reads the file as soon as it is there.
"$PREFIX/bin/$conda-gcc" -dumpspecs >specs
cat specs "$RECIPE_DIR/relocatable.specs" >"$internals/specs"

# Lays the unpacked Debian packages out as one prefix. Which file belongs to which package is said in recipe.yaml.
debian=x86_64-linux-gnu
conda=x86_64-conda-linux-gnu
llvm=usr/lib/llvm-19
mkdir -p "$PREFIX"/{bin,include,lib/llvm-19,lib/clang/19}

# programs; clang does what the name says under which it is called
cp -a $llvm/bin/clang "$PREFIX/bin/clang-19"
for name in clang clang-cpp clang++ $conda-clang $conda-clang-cpp $conda-clang++; do
    ln -s clang-19 "$PREFIX/bin/$name"
    # read by clang when it is called by this name: where everything is, from wherever it is installed
    cp "$RECIPE_DIR/relocatable.cfg" "$PREFIX/bin/$name.cfg"
done
cp -a $llvm/bin/{lld,ld.lld} "$PREFIX/bin/"

cp -aL $llvm/lib/clang/19/include "$PREFIX/lib/clang/19/"
mv "$PREFIX"/lib/clang/19/include/omp*.h "$PREFIX/include/"

cp -a usr/lib/$debian/lib{LLVM,clang-cpp}.so.19.1 "$PREFIX/lib/"
cp -a $llvm/lib/libomp.so.5 "$PREFIX/lib/"
ln -s libomp.so.5 "$PREFIX/lib/libomp.so"

# the libraries of all these
cp -a lib/$debian/lib{lzma,tinfo,z}.so.* "$PREFIX/lib/llvm-19/"
cp -a usr/lib/$debian/lib{bsd,edit,ffi,icudata,icuuc,md,xml2,z3,zstd}.so.* "$PREFIX/lib/llvm-19/"

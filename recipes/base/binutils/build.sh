debian=x86_64-linux-gnu
conda=x86_64-conda-linux-gnu
mkdir -p "$PREFIX/bin" "$PREFIX/$conda/lib" "$PREFIX/$debian/bin"

for tool in addr2line ar as c++filt elfedit gprof ld.bfd nm objcopy objdump ranlib readelf size strings strip; do
    cp -a "usr/bin/$debian-$tool" "$PREFIX/bin/$conda-$tool"
done
ln -s "$conda-ld.bfd" "$PREFIX/bin/$conda-ld"

# where GCC looks for the tools of its target, before it would search PATH
for tool in ar as ld ld.bfd nm objcopy objdump ranlib strip; do
    ln -s "../../bin/$conda-$tool" "$PREFIX/$debian/bin/$tool"
done

cp -a usr/lib/$debian/lib{bfd,ctf,jansson,opcodes,sframe,zstd}*.so* lib/$debian/libz.so.* "$PREFIX/$conda/lib/"

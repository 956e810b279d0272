# The library alone: the shared one, its headers, and what pkg-config wants to know.
cd lz4libs
for file in lz4 lz4hc lz4frame xxhash; do
    $CC $CPPFLAGS $CFLAGS -DXXH_NAMESPACE=LZ4_ -fPIC -c $file.c
done
$CC $LDFLAGS -shared -Wl,-soname,liblz4.so.1 ./*.o -o liblz4.so.$PKG_VERSION

mkdir -p $PREFIX/{include,lib/pkgconfig}
cp lz4.h lz4hc.h lz4frame.h $PREFIX/include
cp liblz4.so.$PKG_VERSION $PREFIX/lib
ln -s liblz4.so.$PKG_VERSION $PREFIX/lib/liblz4.so.1
ln -s liblz4.so.1 $PREFIX/lib/liblz4$SHLIB_EXT
cat >$PREFIX/lib/pkgconfig/liblz4.pc <<END
prefix=$PREFIX
Name: lz4
Description: Fast compression
Version: $PKG_VERSION
Libs: -L\${prefix}/lib -llz4
Cflags: -I\${prefix}/include
END

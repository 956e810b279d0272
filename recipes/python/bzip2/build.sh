# Upstream has one Makefile for the shared library and another, static, for the rest; neither takes flags from outside.
# Its tests compress with what was built.
shared=(CC="$CC $LDFLAGS" CFLAGS="$CPPFLAGS $CFLAGS -D_FILE_OFFSET_BITS=64")
make -f Makefile-libbz2_so -j"$CPU_COUNT" "${shared[@]}"
make -j"$CPU_COUNT" "${shared[@]}" AR="$AR" RANLIB="$RANLIB" test

mkdir -p "$PREFIX"/{bin,include,lib}
install -m 644 bzlib.h "$PREFIX/include/"
cp -a libbz2.so.* "$PREFIX/lib/"
ln -s libbz2.so.1.0 "$PREFIX/lib/libbz2.so"
install bzip2-shared "$PREFIX/bin/bzip2"
for name in bunzip2 bzcat; do
    ln -s bzip2 "$PREFIX/bin/$name"
done
install bzdiff bzgrep bzmore "$PREFIX/bin/"

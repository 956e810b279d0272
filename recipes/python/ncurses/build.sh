# Very old terminals are told to read files in a folder whose name is in their descriptions, which are binary files.
sed -i '/tabset%$TABSET/d' misc/gen_edit.sh

# A build without C++, Ada and programs that show what it can do; the terminal database goes to share/terminfo.
./configure --prefix="$PREFIX" --with-shared --without-normal --without-debug --without-ada --without-manpages --without-tests \
    --without-cxx --without-cxx-binding --enable-widec --enable-overwrite --with-termlib --enable-pc-files --disable-stripping \
    --with-pkg-config-libdir="$PREFIX/lib/pkgconfig" --with-build-cc="$CC"
make -j"$CPU_COUNT" libs
make -j"$CPU_COUNT"
make install

# whoever asks for the library without wide characters gets the one with them
for name in form menu ncurses panel tinfo; do
    ln -s "lib${name}w.so" "$PREFIX/lib/lib$name.so"
    ln -s "${name}w.pc" "$PREFIX/lib/pkgconfig/$name.pc"
done
ln -s libncursesw.so "$PREFIX/lib/libcurses.so"

# Debian's own layout, below the sysroot.
debian=x86_64-linux-gnu
sysroot=$PREFIX/x86_64-conda-linux-gnu/sysroot

mkdir -p "$sysroot/usr/lib/$debian"
cp -a lib lib64 "$sysroot/"
cp -a usr/include "$sysroot/usr/"
cp -a usr/lib/$debian/*.{o,a,so} "$sysroot/usr/lib/$debian/"

# Debian's links start at the machine's root; ours stay inside the sysroot.
find "$sysroot" -lname '/*' | while read -r link; do
    ln -sfr "$sysroot$(readlink "$link")" "$link"
done

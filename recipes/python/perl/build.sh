debian=x86_64-linux-gnu
lib=$PREFIX/lib/perl5

mkdir -p "$PREFIX/bin" "$lib/arch" "$lib/bin" "$lib/lib"
cp -a usr/bin/perl "$lib/bin/"
cp -a lib/$debian/libcrypt.so.1* "$lib/lib/"
cp -a usr/share/perl/5.36* "$lib/"
cp -a usr/lib/$debian/perl-base/. usr/lib/$debian/perl/5.36*/. "$lib/arch/"
# the manual, what compiles against perl, headers of a C library, databases, and compression with libraries of Debian's
rm -r "$lib"/5.36/pod "$lib"/arch/{CORE,*.ph,asm,asm-generic,bits,gnu,linux,machine,sys}
rm -r "$lib"/arch/auto/{Compress,DB_File,GDBM_File,NDBM_File,ODBM_File}

# Where Debian's perl looks for its modules is compiled in; this tells it where they are, after what the user says.
cat >"$PREFIX/bin/perl" <<SCRIPT
#!/bin/sh
PERL5LIB=\${PERL5LIB:+\$PERL5LIB:}$lib/arch:$lib/5.36 exec $lib/bin/perl "\$@"
SCRIPT
chmod +x "$PREFIX/bin/perl"

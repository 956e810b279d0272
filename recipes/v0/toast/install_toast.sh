# What build.sh compiled is still here, and what it installed is in the prefix.
grep -Fx built progress.txt
test -e libtoast.so.2
make toast PREFIX=$PREFIX
make install-program PREFIX=$PREFIX
echo installed >>progress.txt

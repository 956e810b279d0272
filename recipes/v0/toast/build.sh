# Runs once, before the script of any output.
make -j$CPU_COUNT libtoast.so.2
make install-library PREFIX=$PREFIX
echo built >>progress.txt

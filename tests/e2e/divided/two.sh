echo two >> log; cat log
echo two > $PREFIX/share/two

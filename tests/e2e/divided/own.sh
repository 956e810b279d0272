echo own >> log; cat log
echo own > $PREFIX/share/own

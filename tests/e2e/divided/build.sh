mkdir -p $PREFIX/share
for i in a p z; do echo $i > $PREFIX/share/$i; done
echo top >> log

# Compile once, link and run with the run-time libraries in each of their forms.
CXX=x86_64-conda-linux-gnu-clang++

"$CXX" -Wall -Werror -std=c++20 -O2 -c tests/program.cpp -o program.o
for form in -shared-libgcc -static-libstdc++ -static; do
    "$CXX" program.o "$form" -Wl,-rpath,"$PREFIX/lib" -o program
    test "$(./program)" = 20
done

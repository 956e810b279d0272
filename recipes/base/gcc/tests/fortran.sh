# Compile, link and run with threads, with the run-time libraries in each of their forms, and against C.
FC=x86_64-conda-linux-gnu-gfortran

for form in -O2 -fopenmp -static-libgfortran -static; do
    "$FC" -Wall -Werror "$form" tests/program.f90 -Wl,-rpath,"$PREFIX/lib" -o program
    test "$(./program)" = 30
done

cat >answer.f90 <<'SOURCE'
function answer() bind(c)
    use, intrinsic :: iso_c_binding, only: c_int
    integer(c_int) :: answer
    answer = 42
end function
SOURCE
echo 'int answer(void); int main(void) { return answer() != 42; }' >main.c
"$FC" -c answer.f90
x86_64-conda-linux-gnu-gcc main.c answer.o -o program
./program

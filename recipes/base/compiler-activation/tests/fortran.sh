# A library with a module and a program that uses it, compiled and linked as configure scripts do it.
cat >numbers.f90 <<'SOURCE'
module numbers
    implicit none
contains
    pure function mean(values)
        real, intent(in) :: values(:)
        real :: mean
        mean = sum(values) / size(values)
    end function
end module
SOURCE
cat >main.f90 <<'SOURCE'
program main
    use numbers, only: mean
    print '(f4.1)', mean([41.0, 42.5, 42.5])
end program
SOURCE

$FC $FFLAGS -c numbers.f90
$FC $FFLAGS $LDFLAGS -shared numbers.o -o libnumbers.so
$FC $FFLAGS $LDFLAGS main.f90 -L. -lnumbers -Wl,-rpath,"$PWD" -o program
test "$(./program)" = 42.0

source "$PREFIX/etc/conda/deactivate.d/deactivate-$PKG_NAME.sh"
test -z "${FC-}${F77-}${FFLAGS-}${LDFLAGS-}"

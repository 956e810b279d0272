! The sum of the squares from 1 to 4, by threads and in numbers of 128 bits: 30.
program squares
    use, intrinsic :: iso_fortran_env, only: real128
    implicit none
    real(real128) :: sum
    integer :: i
    sum = 0
    !$omp parallel do reduction(+:sum)
    do i = 1, 4
        sum = sum + sqrt(real(i, real128)) ** 4
    end do
    print '(i0)', nint(sum)
end program

echo %r_base% %mpi

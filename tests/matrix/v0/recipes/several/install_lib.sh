echo $mpi

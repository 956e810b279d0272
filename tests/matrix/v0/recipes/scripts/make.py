print("$zlib ${mpi} %r_base%")

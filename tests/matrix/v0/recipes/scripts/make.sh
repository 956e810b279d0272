echo $zlib
if [[ ${mpi} == nompi ]]; then
  echo "$r_base"
fi

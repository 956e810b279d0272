echo ${r_base}

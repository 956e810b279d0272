make install SWEET=${sweet}


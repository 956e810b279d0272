"""The libraries that are glibc itself, which every Linux machine of conda's brings along (``__glibc``)."""

from __future__ import annotations

GLIBC_LIBRARIES = frozenset(
    {
        "libBrokenLocale.so.1", "libSegFault.so", "libanl.so.1", "libc.so.6", "libdl.so.2", "libm.so.6", "libmvec.so.1",
        "libnsl.so.1", "libnss_compat.so.2", "libnss_dns.so.2", "libnss_files.so.2", "libpthread.so.0",
        "libresolv.so.2", "librt.so.1", "libthread_db.so.1", "libutil.so.1",
        "ld-linux-aarch64.so.1", "ld-linux-armhf.so.3", "ld-linux-loongarch-lp64d.so.1", "ld-linux-riscv64-lp64d.so.1",
        "ld-linux-x86-64.so.2", "ld-linux.so.2", "ld-linux.so.3", "ld.so.1", "ld64.so.1", "ld64.so.2",
    }
)  # fmt: skip
"""SONAMEs of what glibc's own build installs, on the platforms that conda has. libcrypt is not among them: glibc gave
it up in 2.38, and machines have other versions of it or none."""

"""Uses every module that needs a library, and says the first that does not work. usage: modules.py VERSION."""

import _decimal
import _uuid
import bz2
import ctypes
import curses
import decimal
import hashlib
import lzma
import math
import platform
import pyexpat
import readline
import sqlite3
import ssl
import subprocess
import sys
import sysconfig
import uuid
import zlib
import zoneinfo
from pathlib import Path

text = b"bakehouse" * 1000
prefix = Path(sys.prefix)

assert platform.python_version() == sys.argv[1]
assert prefix / "bin" in Path(sys.executable).parents

for module in (bz2, lzma, zlib):
    packed = module.compress(text)
    assert len(packed) < 200, module
    assert module.decompress(packed) == text, module

assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 100
assert ssl.OPENSSL_VERSION_INFO >= (3,)
assert hashlib.new("sha512_256", b"x").digest() != hashlib.blake2b(b"x", digest_size=32).digest()
assert hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8bf1ed766")

with sqlite3.connect(":memory:") as database:
    database.execute("create virtual table words using fts5(word)")
    database.execute("insert into words values ('bake house')")
    assert list(database.execute("select word from words where words match 'house'")) == [("bake house",)]
    database.enable_load_extension(True)

libm = ctypes.CDLL("libm.so.6")
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
assert libm.cos(1) == math.cos(1)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 3)(3, 1, 2)
ctypes.CDLL(None).qsort(numbers, 3, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
assert list(numbers) == [1, 2, 3]

assert decimal.Decimal is _decimal.Decimal
assert str(decimal.Decimal(2).sqrt()) == "1.414213562373095048801688724"
assert _uuid.has_uuid_generate_time_safe
assert uuid.uuid1() != uuid.uuid1()
assert pyexpat.version_info >= (2, 6)
assert "readline" in readline.__doc__
assert readline.backend == "readline"
curses.setupterm("xterm-256color", 1)
assert curses.tigetnum("colors") == 256
assert zoneinfo.ZoneInfo("Europe/Berlin").key == "Europe/Berlin"
assert zoneinfo.TZPATH == (str(prefix / "share/zoneinfo"),)

assert Path(sysconfig.get_config_var("LIBDIR")) == prefix / "lib"
assert sysconfig.get_config_var("prefix") == str(prefix)

# the standard library is compiled, and whatever an installation does to times, the bytecode stays valid: PEP 552
assert Path(subprocess.__cached__).read_bytes()[4] & 1

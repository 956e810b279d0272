import os
import pathlib

share = pathlib.Path(os.environ["PREFIX"]) / "share"
share.mkdir()
(share / "by-python.txt").write_text(pathlib.Path.cwd().name + "\n")
assert pathlib.Path("where.txt").read_text() == "here\n"

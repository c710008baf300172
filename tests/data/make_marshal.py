"""Makes the files of marshal/ here: one source, compiled by each Python that runs this.

    for python in python2.7 python3.6 ... python3.13; do $python tests/data/make_marshal.py; done

Each writes the code object as marshal data and as a .pyc file, named by its version.
"""

import marshal
import os
import py_compile
import sys

SOURCE = """
import os
RATES = (3e-4, 10 ** 30, -7, 2j, True, None, u"caf\\xe9")
def outer(first, second=2):
    def inner(third):
        return os.system(third + "echo nothing")
    return inner(first)
constant = lambda _: 3e-4
def schedule(value):
    def linear(progress):
        return -progress * value + 2 ** progress
    return linear
class Thing(object):
    def method(self, size):
        return [each for each in range(size) if each not in (1, 2, 3)]
"""


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    name = os.path.join(here, "marshal", "python%d.%d" % sys.version_info[:2])
    with open(name + ".marshal", "wb") as file:
        file.write(marshal.dumps(compile(SOURCE, "sample.py", "exec")))
    source = os.path.join(here, "marshal", "sample.py")
    with open(source, "w") as file:
        file.write(SOURCE)
    os.utime(source, (1500000000, 1500000000))
    py_compile.compile(source, name + ".pyc", "sample.py", True)
    os.remove(source)


if __name__ == "__main__":
    main()

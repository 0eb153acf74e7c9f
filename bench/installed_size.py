# Prints the bytes of Python packages on disk: alone, and with everything they depend on.
import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution


def size_of(name):
    total = 0
    for file in distribution(name).files or []:
        place = file.locate()
        if place.is_file() and "__pycache__" not in file.parts:
            total += place.stat().st_size
    return total


def closure(names):
    """Required packages that are installed; extras that nobody asked for are left out."""
    found, waiting = set(), list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        if name not in found:
            found.add(name)
            needed = [line for line in requirements if "extra ==" not in line]
            waiting += [re.match(r"[\w.-]+", line).group() for line in needed]
    return found


names = sys.argv[1:]
sizes = {
    "own_bytes": sum(map(size_of, names)),
    "all_bytes": sum(map(size_of, closure(names))),
}
print(json.dumps(sizes))

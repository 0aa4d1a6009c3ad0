import os

WORD = "from the layer"
IMPORTED_BY = os.getpid()

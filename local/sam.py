"""`python -m local.sam`: checks the template with SAM, builds it, and finishes the result as `local.build` would."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from local.build import finish_sam_build
from local.lock import ROOT
from local.pythons import PythonMissing, deployed_python

BUILT = ROOT / ".aws-sam" / "build"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m local.sam", description=__doc__)
    options.add_argument("--sam", default="sam", help="path of sam")
    sam = str(Path(options.parse_args().sam).absolute())
    try:
        python = deployed_python()
    except PythonMissing as missing:
        sys.exit(str(missing))
    environment = os.environ | {
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
    }
    environment.pop("PYTHONPATH", None)
    for command in ("validate", "build"):
        done = subprocess.run([sam, command], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            sys.exit(done.returncode)
    finish_sam_build(BUILT, _sources())


def _sources() -> dict[str, Path]:
    """The folder of each function's code by its logical id, which is what SAM names the built folder."""
    from local.template import described  # noqa: PLC0415 - SAM's own environment has what it wants

    resources = described(ROOT / "template.yaml")["Resources"]
    return {
        logical_id: ROOT / resource["Properties"]["CodeUri"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


if __name__ == "__main__":
    main()

"""The network perspectives of the local world: perspectives/template.yaml, once in each of its regions.

What an image holds and sets lies here instead: the function and the core from their folders, and in the place
of the image's unbound the local zone's port of that perspective. Each is a function with workers of its own,
invoked through moto in its own region, and has no worker until it is first asked.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from local.creators import CREATORS, Properties, known_function
from local.resources import Created, Creator, Stack, arn
from local.runtime import FunctionConfig
from local.template import ACCOUNT, STACK, read
from partner_center.validation.quorum import SITES

FOLDER = "perspectives"
REGIONS = tuple(site.region for site in SITES)
"""The primary first, at home."""

_PARAMETERS = {
    "Application": STACK,
    "HomeAccount": ACCOUNT,
    "ImageDigest": f"sha256:{0:064}",
}
_HANDLER = "app.handler"


def create(
    application: Path,
    client: Callable[..., Any],
    endpoint: str,
    world: Callable[[str], Mapping[str, str]],
) -> tuple[FunctionConfig, ...]:
    """The functions, in the order of REGIONS; none, if the application has no perspectives.

    `client` makes one of a service in a `region`, `world` tells what the image of a region would set.
    """
    path = application / FOLDER / "template.yaml"
    if not path.is_file():
        return ()
    template = read(path, _PARAMETERS, {})
    functions: list[FunctionConfig] = []
    for region in REGIONS:
        stack = Stack(
            dataclasses.replace(template, region=region),
            partial(client, region=region),
            {**CREATORS, "AWS::Lambda::Function": _image(world(region))},
            endpoint,
        )
        stack.create_all()
        functions += stack.functions.values()
    return tuple(functions)


def _image(sets: Mapping[str, str]) -> Creator:
    def function(stack: Stack, name: str, properties: Properties) -> Created:
        holds = stack.template.resources[name]["Metadata"]
        physical = properties["FunctionName"]
        config = FunctionConfig(
            name=physical,
            arn=arn("lambda", f"function:{physical}", stack.template.region),
            handler=_HANDLER,
            code=str(stack.template.root / holds["Code"]),
            layers=(str(stack.template.root / holds["Layer"]),),
            environment={**sets, **properties["Environment"]["Variables"]},
            timeout=float(properties["Timeout"]),
            memory=int(properties["MemorySize"]),
        )
        return known_function(stack, config)

    return function

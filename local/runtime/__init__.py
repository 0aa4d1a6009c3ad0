"""Functions run as on Lambda: in processes of their own, one invocation at a time each."""

from local.runtime.faults import How
from local.runtime.pool import Ended, FaultPolicy, FunctionConfig, LambdaRuntime, Zygote

__all__ = ["Ended", "FaultPolicy", "FunctionConfig", "How", "LambdaRuntime", "Zygote"]

"""Functions run as on Lambda: in processes of their own, one invocation at a time each."""

from local.runtime.pool import FaultPolicy, FunctionConfig, LambdaRuntime, Zygote

__all__ = ["FaultPolicy", "FunctionConfig", "LambdaRuntime", "Zygote"]

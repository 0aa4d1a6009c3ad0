"""Functions run as on Lambda: in processes of their own, one invocation at a time each."""

from local.runtime.pool import FaultPolicy, FunctionConfig, LambdaRuntime

__all__ = ["FaultPolicy", "FunctionConfig", "LambdaRuntime"]

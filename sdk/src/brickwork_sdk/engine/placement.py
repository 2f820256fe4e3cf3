"""Where a model computes, and in which number format."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from brickwork_sdk.errors import InvalidInput, Reason


@dataclass(frozen=True)
class Placement:
    """A device and the number format on it.

    Attributes:
        device: "cpu" or "cuda".
        precision: such as "int8" or "float16".
    """

    device: str
    precision: str

    @classmethod
    def of(cls, options: Mapping[str, str], defaults: Mapping[str, str]) -> Self:
        """Read the options `device` and `precision`; absent or empty means the default.

        Args:
            options: of the engine.
            defaults: the precision on each device that the engine can use.
        """
        device = options.get("device") or "cpu"
        return cls(device, options.get("precision") or defaults[device])

    @property
    def device_name(self) -> str:
        """The device as an `EngineDescription` names it."""
        return "cuda:0" if self.device == "cuda" else self.device

    def require_precision(self, possible: Collection[str]) -> None:
        """See that the device computes in this precision.

        Raises:
            InvalidInput: SETTING_INVALID, naming those that are possible.
        """
        if self.precision not in possible:
            known = ", ".join(sorted(possible))
            raise InvalidInput(
                Reason.SETTING_INVALID,
                f"The precision {self.precision} is not possible on {self.device}; "
                f"possible are: {known}.",
                metadata={"setting": "precision", "possible": known},
            )

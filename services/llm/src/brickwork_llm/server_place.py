"""Which external server computes, and how it is reached."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self, cast

ServerKind = Literal["ollama", "vllm", "openai"]


@dataclass(frozen=True)
class ServerPlace:
    """An external LLM server and the model in it.

    Attributes:
        kind: whose protocol it speaks; `openai` is any server with chat completions, such as
            llama-server, which keeps its model as it likes.
        address: `http://host:port`, without a path.
        model: the model's name there.
        api_key: bearer token that it asks for; empty where it asks for none. Never logged.
        cgroup: folder of the control group that holds its processes; None finds them by the socket
            that listens on the address.
        sleep_level: how deep vLLM sleeps: 1 moves the weights to the machine's memory, 2 drops
            them and reads them from the disk again.
    """

    kind: ServerKind
    address: str
    model: str
    api_key: str = ""
    cgroup: Path | None = None
    sleep_level: int = 1

    def to_options(self) -> dict[str, str]:
        """Render as the options of an engine."""
        return {
            f"server_{name}": "" if value is None else str(value)
            for name, value in asdict(self).items()
        }

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """Read what `to_options` wrote."""
        cgroup = options["server_cgroup"]
        return cls(
            kind=cast(ServerKind, options["server_kind"]),
            address=options["server_address"],
            model=options["server_model"],
            api_key=options["server_api_key"],
            cgroup=Path(cgroup) if cgroup else None,
            sleep_level=int(options["server_sleep_level"]),
        )

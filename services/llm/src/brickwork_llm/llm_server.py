"""What every external LLM server can be asked, whichever protocol it speaks."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Protocol

from brickwork_llm.engine import GenerateRequest, Message, TextDelta, TokenCount, Usage
from brickwork_llm.ollama_server import OllamaServer
from brickwork_llm.openai_server import OpenAiServer
from brickwork_llm.server_place import ServerKind, ServerPlace
from brickwork_llm.vllm_server import VllmServer
from brickwork_sdk.engine import EngineDescription
from brickwork_sdk.models import ModelFile


class LlmServer(Protocol):
    """A server that owns its memory, seen from the brick that represents it.

    Attributes:
        is_represented: whether the brick's token stands for its memory, so that its processes are
            found and named; otherwise what it holds is foreign use.
        outlives_its_memory: whether its processes go on after they have given the memory back, so
            that no death proves it.
        give_back_seconds: how long giving back may take.

    Every method raises the errors of `ServerHttp`.
    """

    is_represented: bool
    outlives_its_memory: bool
    give_back_seconds: float

    async def weights(self) -> ModelFile:
        """Tell what the server has of the model; a size of 0 is not known.

        Raises:
            NotFound: MODEL_MISSING, the server has no such model.
        """
        ...

    async def load(self) -> None:
        """Have the model in memory and ready; asked again it changes nothing."""
        ...

    async def describe(self) -> EngineDescription:
        """Tell how the loaded model runs there."""
        ...

    async def stay(self) -> None:
        """Keep the model loaded for a while longer."""
        ...

    async def count(self, messages: tuple[Message, ...]) -> TokenCount:
        """Tell how many tokens a conversation has, those of its form included.

        Raises:
            NotPossible: MODEL_CANNOT, the server has no way to count.
        """
        ...

    def generate(self, request: GenerateRequest) -> AsyncGenerator[TextDelta | Usage, None]:
        """Yield deltas, then one usage; closing the iterator stops the work there.

        Raises:
            InvalidInput: CONTEXT_EXCEEDED, with the counts that the server tells.
            NotPossible: SERVER_REFUSED, also where it cannot keep to the schema.
        """
        ...

    async def give_back(self) -> None:
        """Give back all memory that the server has for models; return once it says so.

        Whoever asks bounds the wait.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


_KINDS: Mapping[ServerKind, Callable[[ServerPlace], LlmServer]] = {
    "ollama": OllamaServer,
    "vllm": VllmServer,
    "openai": OpenAiServer,
}


def server_at(place: ServerPlace) -> LlmServer:
    """Return what speaks to the server there; nothing is sent yet."""
    return _KINDS[place.kind](place)

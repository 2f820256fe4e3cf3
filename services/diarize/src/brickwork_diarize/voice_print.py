"""A voice that a tenant knows by name, and what its person agreed to."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

NAME_LENGTH_MAX = 200
PURPOSE_LENGTH_MAX = 500


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Consent(_Frozen):
    """What a person agreed to.

    Attributes:
        given_by: who agreed.
        given: when.
        purpose: what for.
        expires: until when.
    """

    given_by: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    given: AwareDatetime
    purpose: Annotated[str, Field(min_length=1, max_length=PURPOSE_LENGTH_MAX)]
    expires: AwareDatetime


class VoicePrint(_Frozen):
    """A voice, as it is kept.

    Attributes:
        voice_print_id: 32 hexadecimal digits.
        name: whose voice it is.
        consent: what that person agreed to.
        model: name of the model that made it.
        model_digest: its digest; vectors of others cannot be compared.
        vector: of length 1.
        speech_ms: how much speech it was made of.
        enrolled: when.
    """

    voice_print_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
    consent: Consent
    model: str
    model_digest: str
    vector: tuple[float, ...]
    speech_ms: int
    enrolled: AwareDatetime

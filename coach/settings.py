"""The environment becomes settings. The only file that reads it."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from coach.errors import SettingsError
from coach.ports import DEFAULT_EMBEDDER

_PROJECT = Path(__file__).resolve().parent.parent


def _home() -> Path:
    """Beside the checkout when run from one, so that two clones do not share an index."""
    if (_PROJECT / "pyproject.toml").is_file():
        return _PROJECT / ".coach"
    return Path(platformdirs.user_data_dir("interview-coach", appauthor=False))


class Settings(BaseSettings):
    """Everything that can be set, from environment variables."""

    model_config = SettingsConfigDict(env_prefix="COACH_", env_ignore_empty=True, extra="ignore", populate_by_name=True)

    home: Path = Field(default_factory=_home, description="Folder for the index and everything else the coach keeps.")
    corpus: Path = Field(default=_PROJECT / "corpus", description="Folder with the question bank.")
    embedder: str = Field(default=DEFAULT_EMBEDDER, min_length=1, description="Any sentence-transformers model, or `hashing`.")
    threads: int | None = Field(
        default=None, ge=1, le=64, description="Threads for embedding; unset means every core to ingest and one to answer."
    )
    contact: str = Field(default="", description="Mail address or page that `coach fetch` names to the sites it asks.")
    port: int = Field(default=8501, ge=1, le=65535, description="Port of the app.")
    address: str = Field(default="localhost", min_length=1, description="Address the app listens on.")
    hosts: str = Field(default="", description="Other names the app is reached by, separated by commas.")
    qdrant_url: str | None = Field(default=None, description="Qdrant server to use instead of the embedded index.")
    qdrant_api_key: SecretStr | None = Field(default=None, description="Key for that server.")
    qdrant_grpc_port: int | None = Field(default=None, ge=1, le=65535, description="Its gRPC port; unset means HTTP alone.")
    qdrant_shards: int = Field(default=1, ge=1, le=1024, description="Parts an index is split into on a Qdrant cluster.")
    qdrant_replicas: int = Field(default=1, ge=1, le=64, description="Nodes that hold each part.")
    qdrant_on_disk: bool = Field(default=False, description="Keep vectors on the server's disk rather than in its memory.")
    qdrant_quantized: bool = Field(
        default=False, description="Search vectors of a quarter of the size there, then score exactly."
    )
    history_url: SecretStr | None = Field(
        default=None, description="Database for the history instead of a file: postgresql://user:password@host/name"
    )
    model: str | None = Field(default=None, description="Language model; unset means keyless.")
    temperature: float = Field(default=0.0, ge=0, le=2, description="How freely the language model writes.")
    context: int = Field(default=4_000, ge=500, le=1_000_000, description="Tokens the language model is given for an answer.")
    price_in: float | None = Field(default=None, ge=0, description="What a million tokens cost that go to the language model.")
    price_out: float | None = Field(default=None, ge=0, description="What a million tokens cost that it writes.")
    daily_tokens: int | None = Field(default=None, ge=0, description="Tokens a day after which answers are keyless.")
    daily_cost: float | None = Field(default=None, ge=0, description="Cost a day after which answers are keyless.")
    votes: int = Field(default=1, ge=1, le=9, description="Samples a language model gives for each grade; the majority counts.")
    transcribe_model: str | None = Field(default=None, description="Speech-to-text model; unset means no microphone.")
    speech_model: str | None = Field(default=None, description="Text-to-speech model; unset means nothing is read aloud.")
    voice: str = Field(default="alloy", min_length=1, description="Voice that reads questions aloud.")
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias="OPENAI_API_KEY", description="Key for the language model's server."
    )
    openai_base_url: str | None = Field(
        default=None, validation_alias="OPENAI_BASE_URL", description="Any OpenAI-compatible server."
    )

    @property
    def history_file(self) -> Path:
        return self.home / "history.db"

    @property
    def index_folder(self) -> Path:
        return self.home / "index"

    @property
    def banks_folder(self) -> Path:
        return self.home / "banks"

    @property
    def library_folder(self) -> Path:
        return self.home / "library"

    @property
    def pages_folder(self) -> Path:
        return self.home / "pages"

    @property
    def own_folder(self) -> Path:
        return self.home / "own"


def with_model(settings: Settings, model: str, base_url: str, key: str) -> Settings:
    """The settings with another language model, or with none if `model` is empty.

    An empty `key` keeps the one there is, but only for the same server: a key is not shown to a server it was not given for.
    """
    url = base_url.strip() or None
    kept = settings.openai_api_key if url == settings.openai_base_url else None
    return settings.model_copy(
        update={
            "model": model.strip() or None,
            "openai_base_url": url,
            "openai_api_key": SecretStr(key.strip()) if key.strip() else kept,
        }
    )


def with_limits(settings: Settings, daily_tokens: int | None, daily_cost: float | None) -> Settings:
    """The settings with other daily limits; None is no limit."""
    return settings.model_copy(update={"daily_tokens": daily_tokens, "daily_cost": daily_cost})


def environment_name(field: str) -> str:
    """The variable that sets `field`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"COACH_{field.upper()}"


def load_settings() -> Settings:
    """Settings from the environment. Raises SettingsError naming the variable, its value and what it may be."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        field = str(wrong["loc"][0])
        name = field if field.isupper() else environment_name(field.removeprefix("COACH_").lower())
        shown = "(hidden)" if "KEY" in name or "URL" in name else repr(wrong["input"])
        raise SettingsError(f"{name} is {shown}: {wrong['msg']}. Change or unset it.") from error

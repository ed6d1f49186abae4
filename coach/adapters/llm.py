"""The language model, through the openai client: any server that speaks its protocol."""

from __future__ import annotations

_TIMEOUT_SECONDS = 5.0


def reachable(base_url: str | None, api_key: str | None, model: str) -> str:
    """Nothing if the server at `base_url` serves `model`, else one sentence on what is wrong and what to do."""
    # The client takes most of a second to import, and keyless nobody needs it.
    import openai

    where = base_url or "the default server"
    if not api_key and not base_url:
        return "COACH_MODEL is set but neither OPENAI_API_KEY nor OPENAI_BASE_URL is. Set one, or unset COACH_MODEL."
    try:
        client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", timeout=_TIMEOUT_SECONDS, max_retries=0)
        served = [served.id for served in client.models.list()]
    except openai.AuthenticationError:
        return f"{where} refuses the key. Check OPENAI_API_KEY."
    except openai.APIConnectionError as error:
        return f"{where} cannot be reached ({error.__cause__ or error}). Check OPENAI_BASE_URL and that the server runs."
    except openai.APIStatusError as error:
        return f"{where} answered with status {error.status_code}. Check OPENAI_BASE_URL; it usually ends in /v1."
    except (openai.OpenAIError, ValueError) as error:
        return f"{where} did not answer as expected: {error}. Check OPENAI_BASE_URL."
    if served and model not in served:
        return f"{where} does not serve {model!r}; it serves {', '.join(served[:5])}. Change COACH_MODEL."
    return ""

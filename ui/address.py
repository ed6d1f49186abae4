"""What was chosen on a page stands in its address, and an address chooses. Knows no page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import streamlit as st


def chosen(page: str, options: Mapping[str, Collection[str]], text: str) -> None:
    """Fill the widgets `page-name` from the address, unless it is what `remember` wrote of them.

    What is no option is left out. Who comes back to the page finds the address, but no widgets any more.
    """
    given = {name: st.query_params.get_all(name) for name in (*options, text)}
    if st.session_state.get(f"{page} address") == given and f"{page}-{text}" in st.session_state:
        return
    for name, known in options.items():
        st.session_state[f"{page}-{name}"] = [one for one in known if str(one) in given[name]]
    st.session_state[f"{page}-{text}"] = next(iter(given[text]), "")


def remember(page: str, choice: Mapping[str, str | Sequence[str]]) -> None:
    """Write what is chosen into the address."""
    listed = {name: [value] if isinstance(value, str) else [str(one) for one in value] for name, value in choice.items()}
    given = {name: [one for one in values if one] for name, values in listed.items()}
    if given != {name: st.query_params.get_all(name) for name in given}:
        st.query_params.from_dict({name: values for name, values in given.items() if values})
    st.session_state[f"{page} address"] = given

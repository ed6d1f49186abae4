"""What was practiced becomes charts, each with the same as a table for who does not see it. Two graders never share a line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from coach.catalog import Standing
from coach.grade import FULL
from coach.progress import Coverage, Mean
from coach.report import Calibration
from ui.interview_words import RATINGS

# How a question stands but for its due date, so that a row adds up to the topic; red, green and blue for both themes.
_SHADES = {
    Standing.KNOWN: "20, 140, 110",
    Standing.LEARNING: "200, 140, 20",
    Standing.WEAK: "200, 70, 50",
    Standing.NEW: "125, 135, 140",
}
_HEIGHT, _LEGEND = 240, 80
_SCORE = {"type": "quantitative", "scale": {"domain": [0, FULL]}, "axis": {"values": list(range(6))}}
_WHOSE = {
    "field": "grader",
    "type": "nominal",
    "title": None,
    "legend": {"orient": "top", "labelLimit": 300, "columns": 1, "symbolSize": 120},
}


def trend_chart(means: Sequence[Mean]) -> None:
    """A line through each grader's daily means."""
    rows = [{"day": f"{one.on}", "score": round(one.score, 2), "answers": one.answers, "grader": one.grader} for one in means]
    day = {"field": "day", "type": "temporal", "timeUnit": "yearmonthdate", "title": None}
    axis = {"format": "%d %b", "tickCount": 6, "labelOverlap": True}
    several = len({one.grader for one in means}) > 1
    spec = {
        "mark": {"type": "line", "point": {"size": 60}},
        "encoding": {
            "x": day | {"axis": axis},
            "y": {"field": "score", "title": "Score of 5", **_SCORE},
            **({"color": _WHOSE} if several else {}),
            "tooltip": [{"field": name} for name in ("day", "score", "answers", "grader")],
        },
    }
    _draw(rows, spec, _HEIGHT + _LEGEND * several, "Mean score a day, from 0 to 5, a line for each grader")


def coverage_table(covered: Sequence[Coverage]) -> None:
    """Topic by standing: how many questions, the darker the more of the topic. As a table it can be read by everybody."""
    counts = pd.DataFrame(
        [[one.standings[standing] for standing in _SHADES] for one in covered],
        index=[_short(one.topic.title) for one in covered],
        columns=[standing.capitalize() for standing in _SHADES],
    )
    shares = counts.div(counts.sum(axis="columns").clip(lower=1), axis="index")
    shades = pd.DataFrame(
        {
            column: [f"background-color: rgba({shade}, {0.6 * share:.2f})" for share in shares[column]]
            for column, shade in zip(counts, _SHADES.values(), strict=True)
        },
        index=counts.index,
    )
    st.table(counts.style.apply(lambda _counts: shades, axis=None).format(lambda count: count or "–"), border="horizontal")


def _short(title: str) -> str:
    return re.split(r" \(|[:,] ", title, maxsplit=1)[0]


def calibration_chart(fits: Mapping[str, Calibration]) -> None:
    """What was thought of an answer against its grade; on the diagonal they agree."""
    rows = [
        {"rating": pair.rating, "grade": round(pair.score, 2), "grader": grader}
        for grader, fit in fits.items()
        for pair in fit.pairs
    ]
    labels = " : ".join(f"datum.value == {rating} ? '{word}'" for rating, word in RATINGS.items())
    axis = {"values": list(RATINGS), "labelExpr": f"{labels} : ''"}
    spec = {
        "layer": [
            {
                "data": {"values": [{"rating": 0, "grade": 0}, {"rating": FULL, "grade": FULL}]},
                "mark": {"type": "line", "strokeDash": [4, 4], "color": "#8a9499"},
                "encoding": {"x": {"field": "rating", "type": "quantitative"}, "y": {"field": "grade", "type": "quantitative"}},
            },
            {
                "mark": {"type": "point", "size": 70, "filled": True, "opacity": 0.6},
                "encoding": {
                    "x": {"field": "rating", "title": "You thought", **_SCORE, "axis": axis},
                    "y": {"field": "grade", "title": "Grade of 5", **_SCORE},
                    **({"color": _WHOSE, "shape": _WHOSE | {"legend": None}} if len(fits) > 1 else {}),
                },
            },
        ]
    }
    _draw(rows, spec, _HEIGHT + _LEGEND * (len(fits) > 1), "Each rated answer: what you thought of it, and its grade")


def forecast_chart(days: Sequence[int], today: date) -> None:
    """How many questions fall due on each day from today on."""
    rows = [{"day": (today + timedelta(days=number)).isoformat(), "due": count} for number, count in enumerate(days)]
    axis = {"labelAngle": 0, "labelOverlap": True, "format": "%d %b"}
    spec = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": "day", "type": "ordinal", "timeUnit": "yearmonthdate", "title": None, "axis": axis},
            "y": {"field": "due", "type": "quantitative", "title": "Due", "axis": {"tickMinStep": 1}},
        },
    }
    _draw(rows, spec, 150, "Questions that fall due on each of the next days")


def _draw(rows: Sequence[Mapping[str, Any]], spec: Mapping[str, Any], height: int, alt: str) -> None:
    st.vega_lite_chart({"data": {"values": list(rows)}, "height": height, **spec}, width="stretch", alt=alt)
    table = st.expander("As a table", type="compact", key=f"table-{alt}", on_change="rerun")
    if table.open:
        table.table([{name.capitalize(): value for name, value in row.items()} for row in rows])

"""How a question stands becomes a badge: an icon, a word and a color, any one of which will do. Knows no page."""

from __future__ import annotations

from coach.catalog import Listed, Standing

ICONS = {
    Standing.NEW: "radio_button_unchecked",
    Standing.DUE: "schedule",
    Standing.WEAK: "error",
    Standing.LEARNING: "autorenew",
    Standing.KNOWN: "check_circle",
}
COLORS = {
    Standing.NEW: "gray",
    Standing.DUE: "violet",
    Standing.WEAK: "red",
    Standing.LEARNING: "orange",
    Standing.KNOWN: "green",
}
MEANS = {
    Standing.NEW: "not practiced yet",
    Standing.DUE: "to be repeated today",
    Standing.WEAK: "failed last time",
    Standing.LEARNING: "answered, not firm yet",
    Standing.KNOWN: "answered well, and still remembered",
}


def named(standing: Standing) -> str:
    """The icon and the word."""
    return f":material/{ICONS[standing]}: {standing}"


def badges(listed: Listed) -> str:
    return " ".join(f":{COLORS[standing]}-badge[{named(standing)}]" for standing in listed.standings)

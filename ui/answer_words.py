"""What an answer says about itself becomes sentences, the same on the page and in the terminal. Knows neither."""

from __future__ import annotations

from coach.domain import Answer, AnswerKind, Checked, Citation, Manner, Origin, Passage, Spent
from coach.write import MARK

# What a chip says, in the order of the chips.
MANNERS = {
    Manner.SIMPLE: "Explain simply",
    Manner.DEEPER: "Go deeper",
    Manner.COMPARE: "Compare",
    Manner.EXAMPLE: "Give an example",
    Manner.NEXT: "What comes next?",
    Manner.QUIZ: "Quiz me",
}
MEANS = {
    Manner.SIMPLE: "The same in plain words",
    Manner.DEEPER: "More of it, and what people get wrong",
    Manner.COMPARE: "The two nearest passages side by side",
    Manner.EXAMPLE: "Examples and numbers from the material",
    Manner.NEXT: "What an interviewer would ask next",
    Manner.QUIZ: "Practice the question of the bank that is about this",
}


def whose(answer: Answer, citation: Citation) -> str:
    """Who says what stands beside an answer."""
    passage = citation.passage
    if passage.origin is Origin.OWN:
        return f"Your notes say ({passage.title})"
    named = {link.url.partition("#")[0] for it in answer.citations for link in it.passage.links}
    lead = "The page it cites says" if passage.source in named else "Another source says"
    about = (passage.title, passage.by, f"fetched {passage.as_of}" if passage.as_of else "")
    return f"{lead} ({', '.join(filter(None, about))})"


def where(passage: Passage) -> str:
    """Its page or file, and the place there."""
    apart = "" if passage.place.startswith("#") or not passage.place else ", "
    return f"{passage.source.partition('#')[0] if passage.place.startswith('#') else passage.source}{apart}{passage.place}"


def spent(took: Spent) -> str:
    """Tokens, cost, seconds and the model that took them."""
    about = "" if took.counted else "about "
    return f"{about}{took.tokens:,} tokens, {cost(took.cost)}, {took.seconds:.1f} s, {took.model}"


def cost(amount: float | None) -> str:
    """An amount in the currency of the prices that were set, if they were."""
    return "cost unknown" if amount is None else f"cost {amount:.4g}"


def removed(checked: Checked) -> str:
    """What the check took out of a written answer, or nothing."""
    counts = (
        (checked.unknown, "citation of a passage that was never given", "citations of passages that were never given"),
        (checked.moved, "citation of a passage that does not say it", "citations of passages that do not say it"),
        (checked.quotes, "quotation that stands nowhere", "quotations that stand nowhere"),
        (checked.links, "link or tag", "links or tags"),
    )
    said = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"Removed: {', '.join(said)}" if said else ""


def about(answer: Answer, mark: str = MARK) -> list[str]:
    """What was searched for, what no passage says, and what was removed. `mark` is how the text marks the second."""
    said = [f"Searched for: {answer.searched}"] if answer.searched else []
    checked = answer.checked
    if checked and checked.unsupported and answer.kind is AnswerKind.WRITTEN:
        said.append(f"{mark} marks what no passage says: {len(checked.unsupported)}")
    if checked and (gone := removed(checked)):
        said.append(gone)
    return said

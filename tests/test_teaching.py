"""docs/from_a_neuron_to_a_pinn.md: its numbers, code and words are what a run of its script gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docs import from_a_neuron_to_a_pinn as script

PAGE, TEXT = script.PAGE.read_text(encoding="utf-8"), (script.FOLDER / "text.md").read_text(encoding="utf-8")
SPECS = dict(script.BLANK.findall(TEXT))
# Training amplifies rounding, which another processor does otherwise: a part of the value beside its last digit.
TRAINED, SECOND_ORDER = 0.02, 0.5
SLACK = {"misfit_lm": SECOND_ORDER, "pinn": SECOND_ORDER, "neuron": 0.0, "slope": 0.0, "parameters": 0.0}
EXACT = ("hand", "back")


def filled_in(page: str) -> dict[str, str]:
    """What stands in the blanks of the text."""
    pieces, names = script.BLANK.split(TEXT)[::3], [m[1] for m in script.BLANK.finditer(TEXT)]
    pattern = "(.*?)".join(map(re.escape, pieces)) + r"\Z"
    found = re.match(pattern, page, re.DOTALL)
    assert found, "the page's text is not that of text.md: run python docs/from_a_neuron_to_a_pinn.py"
    return dict(zip(names, found.groups(), strict=True))


SHOWN = filled_in(PAGE)


def wrong(shown: Mapping[str, str], facts: Mapping[str, Any]) -> list[str]:
    """The blanks in which something else stands than a run gave."""
    found = []
    for name in facts.keys() & shown.keys():
        if isinstance(facts[name], str):
            same = shown[name] == facts[name]
        else:
            told, true = float(shown[name].replace(",", "")), float(facts[name])
            mantissa, _, power = shown[name].partition("e")
            digits = len(mantissa.partition(".")[2])
            last = 0.0 if SPECS[name] in ("", ",") else 0.51 * 10.0 ** (int(power or 0) - digits)
            slack = 1e-13 if name.startswith(EXACT) else SLACK.get(name, SLACK.get(name.split("_")[0], TRAINED))
            same = abs(told - true) <= last + slack * abs(true)
        if not same:
            found.append(f"{name}: {shown[name]} on the page, {facts[name]} in a run")
    return found


def test_the_code_on_the_page_is_the_code_that_is_run() -> None:
    facts = script.code()
    assert not wrong(SHOWN, facts) and len(facts.keys() & SHOWN.keys()) == len(facts)


@pytest.mark.parametrize(
    "section", [s for s in script.SECTIONS if s is not script.overfitting], ids=lambda s: s.__name__
)
def test_the_numbers_on_the_page_are_those_of_a_run(section: Any, tmp_path: Path) -> None:
    facts = section(tmp_path)
    assert facts.keys() & SHOWN.keys() and not wrong(SHOWN, facts)
    if section is script.backpropagation:
        assert facts["slopes_apart"] <= 1e-12


def test_the_cures_do_what_the_page_says() -> None:
    """On every set of noise each cure helps; the page is made by `python docs/from_a_neuron_to_a_pinn.py`."""
    for number in range(script.SETS):
        plain = float(SHOWN[f"plain_{number}"])
        assert all(float(SHOWN[f"{cure}_{number}"]) < plain for cure in ("decay", "dropout", "early"))


def test_every_blank_belongs_to_a_section_and_every_figure_is_there() -> None:
    sections = ("neuron_", "and_", "xor_", "hidden_", "slope_", "relu_", "misfit_", "hand_", "back_", "parameters",
                "summary", "plain_", "decay_", "dropout_", "early_", "warning", "pinn_", "code_")  # fmt: skip
    assert all(name.startswith(sections) for name in SHOWN)
    figures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE)
    assert len(figures) == 6 and all((script.PAGE.parent / f).exists() for f in figures)


def test_a_number_that_is_not_that_of_a_run_is_seen() -> None:
    facts = {"plain_0": float(SHOWN["plain_0"]), "parameters": 2817, "hand_w": float(SHOWN["hand_w"])}
    assert not wrong(SHOWN, facts)
    for name, other in (("plain_0", "0.64"), ("parameters", "2,818"), ("hand_w", SHOWN["hand_w"][:-2] + "99")):
        assert wrong({**SHOWN, name: other}, facts)

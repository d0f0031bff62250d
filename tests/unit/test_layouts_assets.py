"""The assets: contrast of every pair of colours in use, nothing from outside, nothing that blinks."""

import json
import re
from pathlib import Path

import pytest

ASSETS = Path(__file__).resolve().parents[2] / "assets"
THEME = (ASSETS / "theme.css").read_text()
STYLE = (ASSETS / "takt.css").read_text()
OURS = [ASSETS / name for name in ("theme.css", "takt.css", "wall.js", "sw.js", "offline.html")]
LOOKS = ("run", "help", "stop", "material", "idle")


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme, with those that all themes share."""
    out: dict[str, str] = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", THEME)):
        if ":root" in selector or f'[data-theme="{theme}"]' in selector:
            out |= dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))
    for name, value in out.items():
        if referred := re.fullmatch(r"var\(--([\w-]+)\)", value):
            out[name] = out[referred[1]]
    return out


def luminance(colour: str) -> float:
    if len(colour) == 4:
        colour = "#" + "".join(2 * c for c in colour[1:])
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2") for ground in ("bg", "surface", "raised")],
    *[("ink-3", ground) for ground in ("bg", "surface", "raised")],
    *[(ink, hatch) for ink in ("ink", "ink-2") for hatch in ("hatch-a", "hatch-b")],
    *[(f"{look}-ink", "surface") for look in LOOKS],
    *[(f"on-{look}", look) for look in ("run", "help", "stop", "material")],
    ("on-run", "idle"),
    ("accent", "surface"),
    ("surface", "ink"),
    ("bg", "ink"),
]
TINTED = [(f"{look}-ink", f"{look}-soft") for look in LOOKS] + [
    *[("ink-2", f"{look}-soft") for look in LOOKS],
    *[("ink", f"{look}-soft") for look in LOOKS],
    ("accent", "stop-soft"),
]
STRUCK = [("ink-3", "hatch-a"), ("ink-3", "hatch-b")]
CASES = [
    *[(theme, *pair) for theme in ("light", "dark", "wall") for pair in (*TEXT, *STRUCK)],
    *[(theme, *pair) for theme in ("light", "dark") for pair in TINTED],
]


@pytest.mark.parametrize(("theme", "ink", "ground"), CASES)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    known = tokens(theme)
    assert contrast(known[ink], known[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark", "wall"])
def test_bars_stand_out(theme: str) -> None:
    known = tokens(theme)
    assert contrast(known["bar"], known["surface"]) >= 3


def test_each_look_has_a_hue_and_a_shape_of_its_own() -> None:
    known = tokens("light")
    assert len({known[look] for look in LOOKS}) == len(LOOKS)
    shapes = (*LOOKS, "stale", "unknown", "bad")
    assert len({known[f"shape-{shape}"] for shape in shapes}) == len(shapes)


def test_layout_style_has_no_colours_of_its_own() -> None:
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|rgba?\(|hsla?\(", STYLE) == []


def test_every_variable_in_use_is_known() -> None:
    known = set(re.findall(r"--([\w-]+):", THEME + STYLE)) | {"page-one", "page-more"}
    used = set(re.findall(r"var\(--([\w-]+)", THEME + STYLE))
    assert used <= known


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_nothing_comes_from_outside(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|//[\w-]+\.[\w.]+/", text)


def test_nothing_blinks() -> None:
    assert not re.search(r"@keyframes|\banimation\b", THEME + STYLE)


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"url\((?!\")([^)]+)\)", THEME):
        assert (ASSETS / name).is_file(), name
    for icon in json.loads((ASSETS / "manifest.webmanifest").read_text())["icons"]:
        assert (ASSETS.parent / icon["src"].lstrip("/")).is_file()
    for name in re.findall(r'"(/assets/[\w./-]+\.\w+)"', (ASSETS / "sw.js").read_text()):
        assert (ASSETS.parent / name.lstrip("/")).is_file(), name


def test_licences_are_beside_what_they_are_of() -> None:
    assert "SIL OPEN FONT LICENSE" in (ASSETS / "fonts/OFL.txt").read_text().upper()
    assert "The MIT License" in (ASSETS / "licences/bootstrap.txt").read_text()


def test_fonts_are_small() -> None:
    assert sum(path.stat().st_size for path in (ASSETS / "fonts").glob("*.woff2")) <= 200_000


def test_bootstrap_asks_for_no_map() -> None:
    assert "sourceMappingURL" not in (ASSETS / "bootstrap.min.css").read_text()

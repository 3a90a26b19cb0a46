"""The directory's page: one static HTML file, nothing from elsewhere, readable without scripts.

Every member has one card with what they agreed to *show*, and nothing else: no address, no purpose,
no hidden field. The page is replaced as a whole, so that no reader ever sees half of it.
"""

import os
import re
import tempfile
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape as escape_html
from pathlib import Path
from typing import Final

from alumni_sync.ports import Profile, ProfileField

_GENERATION: Final = re.compile(rb'<meta name="generation" content="(\d+)">')
_MARKUP: Final = re.compile(r"[&<>\"']")
_HEAD_BYTES: Final = 8192
_READABLE: Final = 0o640  # by owner and group: a web server is given the group, nobody else reads

_LABELS: Final = {
    ProfileField.JOB_TITLE: "Last title",
    ProfileField.DEPARTMENT: "Department",
    ProfileField.LEGAL_ENTITY: "Company",
    ProfileField.JOIN_YEAR: "Joined",
    ProfileField.LEAVE_YEAR: "Left",
    ProfileField.CITY: "City",
    ProfileField.COUNTRY: "Country",
    ProfileField.LANGUAGES: "Languages",
    ProfileField.EXPERT_TOPICS: "Expert on",
    ProfileField.PHONE: "Phone",
    ProfileField.LINKEDIN_URL: "LinkedIn",
    ProfileField.PHOTO_URL: "Photo",
}
_LINKS: Final = frozenset({ProfileField.LINKEDIN_URL, ProfileField.PHOTO_URL})
_BADGES: Final = {
    ProfileField.MENTOR_BADGE: "Mentor",
    ProfileField.EXPERT_BADGE: "Expert",
    ProfileField.RETIREE_BADGE: "Retired",
}

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884}
body{font:1rem/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1.5rem}
h1{margin:0}header p{margin:.25rem 0 1rem}
input{font:inherit;padding:.5rem .75rem;width:min(30rem,100%);box-sizing:border-box}
ul{list-style:none;padding:0;display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}
li{border:1px solid var(--line);border-radius:.5rem;padding:1rem;
content-visibility:auto;contain-intrinsic-size:auto 10rem}
li[hidden]{display:none}h2{font-size:1.1rem;margin:0 0 .5rem}
dl{margin:0}dl div{display:flex;gap:.5rem}dt{flex:0 0 6.5rem;opacity:.75}dd{margin:0;
overflow-wrap:anywhere}
.badge{border:1px solid;border-radius:1rem;padding:0 .6rem;font-size:.85rem;margin-right:.25rem}
"""

_SCRIPT: Final = """
(()=>{
const fold=t=>t.normalize("NFKD").replace(/\\p{M}/gu,"").toLowerCase()
.replace(/\\u0142/g,"l").replace(/\\u00df/g,"ss").replace(/\\u00f8/g,"o");
const box=document.getElementById("search"),said=document.getElementById("found");
const cards=[...document.querySelectorAll("#members>li")].map(e=>[e,fold(e.textContent)]);
box.hidden=false;
box.querySelector("input").addEventListener("input",event=>{
const words=fold(event.target.value).split(/\\s+/).filter(Boolean);let n=0;
for(const [e,text] of cards){const hit=words.every(w=>text.includes(w));
if(e.hidden===hit)e.hidden=!hit;n+=hit}
said.textContent=words.length?n+" found":""});
})();
"""


def card(profile: Profile) -> str:
    """Return the HTML of one member: the name, and the fields shown to members."""
    shown = {name: value.value for name, value in profile.fields.items() if value.to_members}
    badges = rows = ""
    for name, label in _BADGES.items():
        if name in shown:
            badges += f'<span class="badge">{label}</span>'
    for name, label in _LABELS.items():
        if name in shown:
            rows += f"<div><dt>{label}</dt>{_value(name, shown[name])}</div>"
    return (
        f'<li id="{escape(profile.alumni_id)}"><h2 dir="auto">{escape(profile.name)}</h2>'
        + (f"<p>{badges}</p>" if badges else "")
        + (f"<dl>{rows}</dl>" if rows else "")
        + "</li>\n"
    )


def escape(text: str) -> str:
    """Return text as HTML; most names and places need no change, and there are many."""
    return escape_html(text) if _MARKUP.search(text) else text


def _value(name: ProfileField, value: str) -> str:
    """Return a value as a cell; an address becomes a link only where it is a web address."""
    text = escape(value)
    if name in _LINKS and value.startswith("https://"):
        return f'<dd><a rel="noopener noreferrer nofollow" href="{text}">{text}</a></dd>'
    return f'<dd dir="auto">{text}</dd>'


def _digest(content: str) -> str:
    return b64encode(sha256(content.encode()).digest()).decode("ascii")


def _head(title: str, count: int, generation: int) -> str:
    """Return everything above the cards; the policy allows our own style and script only."""
    name = escape(title)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(_STYLE)}'; "
        f"script-src 'sha256-{_digest(_SCRIPT)}'; base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generation" content="{generation}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>{name}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p>{count} {"member" if count == 1 else "members"}. Each decided what is shown here.</p>
<search id="search" hidden><label>Search <input type="search" autocomplete="off"></label>
<output id="found" aria-live="polite"></output></search>
</header>
<main>
<ul id="members">
"""


_FOOT: Final = f"""</ul>
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def write_page(
    path: Path, title: str, cards: Iterable[bytes], *, count: int, generation: int, durable: bool
) -> None:
    """Replace the page.

    Args:
        path: where it stands.
        title: shown at its head.
        cards: HTML of the visible members, in order, UTF-8.
        count: how many they are.
        generation: of the data that it shows; `page_generation` reads it back.
        durable: wait until it is on the disk, so that a power cut cannot bring the old one back.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as file:
            file.write(_head(title, count, generation).encode(errors="replace"))
            file.writelines(cards)
            file.write(_FOOT.encode())
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(name).chmod(_READABLE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def page_generation(path: Path) -> int:
    """Return the generation of the data that the page shows, -1 where there is no page."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return -1
    found = _GENERATION.search(head)
    return int(found[1]) if found else -1

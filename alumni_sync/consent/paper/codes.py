"""QR codes of links, as pictures for pages and for word processors; a link gives its bytes."""

from io import BytesIO

import segno


def code(link: str) -> segno.QRCode:
    """Return a QR code that still opens when a quarter of it is soiled (level Q)."""
    return segno.make(link, error="q", micro=False, boost_error=False)


def code_svg(link: str, *, inline: bool = False) -> str:
    """Return the code as a picture that scales, black on white; `inline` for a place in a page."""
    content = BytesIO()
    code(link).save(
        content, kind="svg", border=4, dark="#000", light="#fff", omitsize=inline,
        scale=1 if inline else 6, xmldecl=not inline, svgns=not inline,
        svgclass=None, lineclass=None,
    )  # fmt: skip
    return content.getvalue().decode()


def code_png(link: str) -> bytes:
    """Return the code as a picture for word processors: about four centimetres at 300 dpi."""
    content = BytesIO()
    code(link).save(content, kind="png", scale=10, border=4, dpi=300)
    return content.getvalue()

"""What Lightpanda does not have and a journey may need; measured, so that nobody has to guess.

Where a step says what it needs, nothing is begun. The rest shows on the way: a command that the
browser does not know, or a script of the page that wanted what every other browser has.
"""

import re

from playwright.async_api import Page

from vigil.domain.journey import Need

LIGHTPANDA = "Lightpanda"
_NEEDED = {
    Need.FRAMES: "loads no frames",
    Need.DIALOGS: "answers no to every dialog",
    Need.LAYOUT: "draws the text of a page only",
}
NAMES = frozenset(
    [
        "AnimationEvent",
        "AudioContext",
        "ClipboardItem",
        "CSSStyleValue",
        "DocumentTimeline",
        "ImageBitmap",
        "KeyframeEffect",
        "LargestContentfulPaint",
        "MediaRecorder",
        "MediaSource",
        "MediaStream",
        "Path2D",
        "PaymentRequest",
        "PerformanceNavigationTiming",
        "PublicKeyCredential",
        "PushManager",
        "RTCPeerConnection",
        "ReportingObserver",
        "SourceBuffer",
        "SpeechSynthesisUtterance",
        "Temporal",
        "TransitionEvent",
        "TrustedHTML",
        "ViewTransition",
        "WebGL2RenderingContext",
        "WebTransport",
        "Worklet",
        "XSLTProcessor",
        "caches",
        "createImageBitmap",
        "speechSynthesis",
        "trustedTypes",
    ]
)
"""Of the web platform, which scripts use by name."""
_UNDEFINED = re.compile(r"\b(\w+) is not defined")
_UNKNOWN_COMMAND = re.compile(r"Protocol error \(([\w.]+)\): (?:'[\w.]+' wasn't found|.*-32601)")


async def is_lightpanda(page: Page) -> bool:
    """Whether it is one, whoever started it."""
    return LIGHTPANDA in str(await page.evaluate("navigator.userAgent"))


def lacking(needs: frozenset[Need]) -> str | None:
    """What of it Lightpanda lacks."""
    return _said(", ".join(_NEEDED[need] for need in sorted(needs))) if needs else None


def unknown_command(message: str) -> str | None:
    """What a browser lacks that does not know a command of CDP."""
    found = _UNKNOWN_COMMAND.search(message)
    return f"the browser does not know {found[1]}" if found else None


def wanted_by_page(complaint: str) -> str | None:
    """What a page's script complained that Lightpanda lacks; None: it would miss it anywhere."""
    found = _UNDEFINED.search(complaint)
    return _said(f"has no {found[1]}, which the page uses") if found and found[1] in NAMES else None


def _said(what: str) -> str:
    return f"{LIGHTPANDA} {what}"

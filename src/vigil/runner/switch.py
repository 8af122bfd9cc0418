"""The stop switch: a file that halts every run, and that counts as pulled unless it says not."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

FILE = "switch.json"
MAX_BYTES = 16_384


class Switch(BaseModel):
    """What the file says. Further fields (who, when, why) are for people."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stopped: StrictBool
    now: StrictBool = False
    """Running sandboxes are killed as well."""
    text: str = ""

    @property
    def kills(self) -> bool:
        return self.stopped and self.now


def read_switch(file: Path) -> Switch:
    """The switch as it is now; a file that is missing or unreadable counts as stopped."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES)
        return Switch.model_validate_json(text)
    except OSError as unreadable:
        reason = f"it cannot be read ({unreadable.strerror or unreadable})"
    except ValidationError as wrong:
        reason = f"it is not what a switch looks like ({wrong.error_count()} mistakes)"
    return Switch(
        stopped=True,
        text=f"{file}: {reason}, so Vigil counts as stopped; `vigil resume` writes it anew",
    )

"""A story that is closed when its test is over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.story import Story, begin


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    begun = await begin(tmp_path)
    yield begun
    begun.record.engine.dispose()

"""Writing files: the old one or the new one, and a clear error where neither can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from provexpo.errors import CallError
from provexpo.output.files import write_bytes


def test_a_name_that_is_too_long_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="cannot write"):
        write_bytes(tmp_path / ("x" * 254 + ".csv"), b"")

# SPDX-License-Identifier: Apache-2.0

import random
import re

import pytest
import qrcode
from qrcode import util
from qrcode.constants import ERROR_CORRECT_M

from ledger.paper import qr
from ledger.paper.qr_masks import points


def test_a_qr_has_its_quiet_zone_and_is_large_enough_for_its_modules():
    for length in (20, 200, qr.LARGEST_LENGTH):
        drawing = qr.draw("x" * length)
        side = drawing.modules + 2 * 4
        assert f'viewBox="0 0 {side} {side}"' in drawing.svg
        corners = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)", drawing.svg)]
        assert min(map(min, corners)) == 4
        assert max(map(max, corners)) < drawing.modules + 4
        assert drawing.side_mm / side >= 0.35 - 1e-9


@pytest.mark.parametrize("length", [1, 30, 90, 110, 200, 220, 300, 420, 666])
def test_the_drawing_is_the_one_that_the_package_would_make(length):
    chance = random.Random(length)
    for _ in range(3):
        words = "".join(chance.choice("abcXYZ0189-_/#") for _ in range(length))
        code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
        code.add_data(words, optimize=0)
        code.make(fit=True)
        dark = {(x, y) for y, row in enumerate(code.get_matrix()) for x, module in enumerate(row) if module}
        runs = re.findall(r"M(\d+) (\d+)h(\d+)v1", qr.draw(words).svg)
        drawn = {(int(x) - 4 + step, int(y) - 4) for x, y, run in runs for step in range(int(run))}
        assert drawn == dark


@pytest.mark.parametrize("dark", [0.05, 0.5, 0.62, 0.95])
def test_a_drawing_has_as_many_points_as_the_package_gives_it(dark):
    chance = random.Random(dark)
    for side in (21, 45, 57):
        rows = [[chance.random() < dark for _ in range(side)] for _ in range(side)]
        assert points(rows) == util.lost_point(rows)

# SPDX-License-Identifier: Apache-2.0

"""Verdicts as a table for people, printed page by page, so that ten thousand files need no more memory than two hundred."""

from rich.table import Table
from rich.text import Text

from scripts.commands.terminal import out, tell
from scripts.results import Kept, failed
from verifier_api.verdict import Conclusion, Language, Standing, Verdict
from verifier_api.wording import role_text

PAGE_ROWS = 200

CONCLUSIONS = {
    Conclusion.TOTAL_PASSED: ("✓ thật", "✓ genuine"),
    Conclusion.INDETERMINATE: ("? chưa kết luận được", "? not concluded"),
    Conclusion.TOTAL_FAILED: ("✗ không hợp lệ", "✗ not valid"),
}
STANDINGS = {
    Standing.CURRENT: ("đang có hiệu lực", "current"),
    Standing.RECALLED: ("đã thu hồi", "recalled"),
    Standing.REPLACED: ("đã bị thay thế", "replaced"),
    Standing.UNANCHORED: ("chưa neo", "not anchored"),
    Standing.UNKNOWN: ("không rõ", "unknown"),
}
HEADINGS = (("Tệp", "File"), ("Kết luận", "Conclusion"), ("Hiệu lực", "Standing"), ("Vì sao", "Why"))


class VerdictTable:
    """What was judged, with how many of it is good."""

    def __init__(self, lang: Language) -> None:
        self._lang: Language = lang
        self._at = 0 if lang == "vi" else 1
        self._rows: list[tuple[str, str, str, str]] = []

    def add(self, name: str, verdict: Verdict) -> None:
        """One more row, which shows with the page it stands on."""
        worst = verdict.worst
        if verdict.good or worst is None:
            deputies = [role_text(each).to(self._lang) for each in verdict.signatures if each.delegated_by is not None]
            why = "; ".join(filter(None, [verdict.school_name, *deputies]))
        else:
            witness = verdict.second_witness
            also = "" if witness is None else f" {witness.message(self._lang)}"
            why = f"{worst.message(self._lang)} ({worst.code}){also}"
        at = self._at
        self._rows.append((name, CONCLUSIONS[verdict.conclusion][at], STANDINGS[verdict.standing][at], why))
        if len(self._rows) == PAGE_ROWS:
            self.turn()

    def turn(self) -> None:
        """Prints the page."""
        if not self._rows:
            return
        table = Table(box=None, pad_edge=False)
        for heading in HEADINGS:
            table.add_column(heading[self._at], overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))  # A file's name is no markup.
        out.print(table)
        self._rows.clear()


class Tally:
    """How many files came to what."""

    def __init__(self) -> None:
        self.all = self.good = self.bad = self.kept = 0

    def count(self, verdict: Verdict) -> None:
        """One file that was judged now."""
        self._count(good=verdict.good, bad=failed(verdict))

    def add(self, kept: Kept) -> None:
        """One file that an earlier run judged."""
        self.kept += 1
        self._count(good=kept.good, bad=kept.failed)

    def tell(self, lang: Language, *, when: str = "") -> None:
        """The last line of a run; `when` is the moment that it is about, if that is not now."""
        about = (f" vào lúc {when}, không phải hôm nay", f" at {when}, not today") if when else ("", "")
        kept = (
            (
                f" {self.kept} tệp đã có kết quả từ lần chạy trước.",
                f" {self.kept} of them were found by an earlier run.",
            )
            if self.kept
            else ("", "")
        )
        tell(
            lang,
            f"{self.good}/{self.all} tệp thật và đang có hiệu lực{about[0]}.{kept[0]}",
            f"{self.good} of {self.all} files are genuine and current{about[1]}.{kept[1]}",
        )

    def _count(self, *, good: bool, bad: bool) -> None:
        self.all += 1
        self.good += good
        self.bad += bad

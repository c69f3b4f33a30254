"""The audit's report as one HTML file with its pictures inside: nothing is loaded, nothing runs.

Pictures are inline SVG with the same figures as text beside them, in light and dark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from catalog.data_classes import DataClass
from expectations.audit.findings import Rule
from expectations.audit.report import by_rule

__all__ = ["html_report"]

_BAR, _GAP, _WIDTH, _LABEL = 22, 8, 640, 220
_TREND_HEIGHT = 140

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit {{ report.audit }}</title>
<style>
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #bbb; --bar: #2f6f9f;
        --bad: #a32020; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181c; --line: #555; --bar: #6fb0e0; --bad: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
         vertical-align: top; overflow-wrap: anywhere; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.error { color: var(--bad); font-weight: 600; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 13px; }
svg rect { fill: var(--bar); } svg polyline { stroke: var(--bad); fill: none; stroke-width: 2; }
</style></head><body>
<main>
<h1>Audit of every store</h1>
<p>{{ report.kind }} audit <code>{{ report.audit }}</code>, {{ report.started_at }} to
{{ report.finished_at }}.<br>Digest of this report: <code>{{ digest }}</code></p>
<p><strong>{{ open }} of {{ report.findings|length }} findings are open</strong>; the others a
steward has acknowledged, or they are notes. {{ report.stores|length }} stores were audited.</p>
<h2>Stores by class</h2>
{{ bars(classes, "Number of stores in each class") }}
<h2>Findings by rule</h2>
{% if rules %}{{ bars(rules, "Number of findings of each rule") }}{% else %}<p>None.</p>{% endif %}
<h2>Trend</h2>
{{ trend }}
<h2>Findings</h2>
{% if report.findings %}<table><thead><tr><th>id</th><th>rule</th><th>severity</th><th>where</th>
<th>what</th><th>what to do</th><th>state</th></tr></thead><tbody>
{% for f in report.findings %}<tr><td><code>{{ f.id }}</code></td>
<td>{{ f.rule }} {{ titles.get(f.rule, "") }}</td>
<td class="{{ f.severity }}">{{ f.severity }}</td><td>{{ f.file }}</td><td>{{ f.message }}</td>
<td>{{ f.to_do }}</td><td>{{ "acknowledged" if f.acknowledged else "open" }}</td></tr>
{% endfor %}</tbody></table>{% else %}<p>None.</p>{% endif %}
<h2>What was read</h2>
<p>Where not every row was read, the last column says which share of bad rows the sample would have
found with a probability of {{ "%.0f"|format(100 * report.confidence) }} %.</p>
<table><thead><tr><th>store</th><th>class</th><th>kind</th><th>rows</th><th>rows read as text</th>
<th>would have found</th></tr></thead><tbody>
{% for s in report.stores %}<tr><td>{{ s.store }}</td><td>{{ s.class }}</td><td>{{ s.kind }}</td>
<td class="n">{{ "{:,}".format(s.rows) }}</td>
<td class="n">{{ "{:,}".format(s.rows_read) if s.rows_read is not none else "-" }}
</td><td class="n">{{ power(s) }}</td></tr>
{% endfor %}</tbody></table>
<h2>Sign-off</h2>
<p>A steward who has read this signs it off with<br>
<code>classline audit sign-off {{ report.audit }} --digest {{ digest }} --note …</code></p>
</main></body></html>
"""

_BARS = """<svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ label }}">
{% for bar in bars %}<text x="0" y="{{ bar.y + 15 }}">{{ bar.name }}</text>
<rect x="{{ left }}" y="{{ bar.y }}" width="{{ bar.length }}" height="{{ thick }}"></rect>
<text x="{{ left + bar.length + 6 }}" y="{{ bar.y + 15 }}">{{ bar.count }}</text>
{% endfor %}</svg>"""

_TREND = """{% if points|length > 1 %}<svg viewBox="0 0 {{ width }} {{ height + 30 }}" role="img"
aria-label="Open findings of past audits, oldest first">
<polyline points="{% for p in points %}{{ p.x }},{{ p.y }} {% endfor %}"></polyline>
{% for p in points %}<text x="{{ p.x }}" y="{{ p.y - 4 }}">{{ p.open }}</text>{% endfor %}
</svg>{% endif %}<p>Open findings, oldest audit first: {{ told }}.</p>"""


def html_report(
    report: Mapping[str, Any],
    digest: str,
    *,
    rules: Iterable[Rule],
    past: Sequence[int],
) -> str:
    """The page of one report; ``past`` holds the open findings of audits, oldest first."""
    environment = Environment(autoescape=True)
    titles = {rule.rule_id: rule.title for rule in rules}
    classes = Counter(str(store["class"]) for store in report["stores"])
    counted = {str(each): classes[str(each)] for each in DataClass}
    bars = environment.from_string(_BARS)
    page = environment.from_string(_PAGE)
    open_ = sum(not f["acknowledged"] and f["severity"] != "note" for f in report["findings"])
    rendered = page.render(
        report=report,
        digest=digest,
        open=open_,
        titles=titles,
        classes=counted,
        rules=by_rule(report["findings"]),
        bars=lambda counts, label: Markup(bars.render(_bars(counts), label=label)),  # noqa: S704 rendered with escaping on
        trend=Markup(environment.from_string(_TREND).render(_trend(past))),  # noqa: S704 as above
        power=_power,
    )
    return str(rendered)


def _bars(counts: Mapping[str, int]) -> dict[str, object]:
    most = max(counts.values(), default=0) or 1
    room = _WIDTH - _LABEL - 60
    return {
        "width": _WIDTH,
        "height": len(counts) * (_BAR + _GAP),
        "left": _LABEL,
        "thick": _BAR,
        "bars": [
            {
                "name": name,
                "count": count,
                "y": number * (_BAR + _GAP),
                "length": round(room * count / most),
            }
            for number, (name, count) in enumerate(counts.items())
        ],
    }


def _trend(past: Sequence[int]) -> dict[str, object]:
    most = max(past, default=0) or 1
    step = (_WIDTH - 60) / max(len(past) - 1, 1)
    return {
        "width": _WIDTH,
        "height": _TREND_HEIGHT,
        "told": ", ".join(str(each) for each in past) or "this is the first",
        "points": [
            {
                "x": round(20 + number * step),
                "y": round(20 + (_TREND_HEIGHT - 20) * (1 - count / most)),
                "open": count,
            }
            for number, count in enumerate(past)
        ],
    }


def _power(store: Mapping[str, Any]) -> str:
    share = store["detectable_share"]
    if share is None:
        return "-"
    if not store["rows"]:
        return "no rows"
    if share >= 1:
        return "nothing: no row was drawn"
    return "every bad row" if share == 0 else f"{100 * share:.2g} % bad rows"

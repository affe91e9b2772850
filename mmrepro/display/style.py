"""The house style: one palette, safe for colour-blind readers, for seaborn and plotly alike."""

from __future__ import annotations

# Okabe and Ito's palette (2008), without its yellow, which is too pale on white paper.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A")
INK = "#24292f"
RULE = "#8b949e"
_TEMPLATE = "mmrepro"


def use_house_style() -> None:
    """Set seaborn, matplotlib and plotly to the house style; safe to call twice."""
    import matplotlib as mpl
    import seaborn as sns

    sns.set_theme(context="notebook", style="whitegrid", palette=list(PALETTE))
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 3.6),
            "figure.constrained_layout.use": True,
            "axes.edgecolor": RULE,
            "axes.labelcolor": INK,
            "text.color": INK,
            "grid.color": "#e3e6ea",
            # Ids and text of an SVG must not differ between two equal runs.
            "svg.hashsalt": "mmrepro",
            "svg.fonttype": "path",
        }
    )
    _register_plotly_template()


def _register_plotly_template() -> None:
    import plotly.graph_objects as go
    import plotly.io as pio

    axis = {"gridcolor": "#e3e6ea", "linecolor": RULE, "zerolinecolor": RULE, "ticks": "outside"}
    pio.templates[_TEMPLATE] = go.layout.Template(
        layout={
            "colorway": list(PALETTE),
            "font": {"color": INK, "size": 13},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "margin": {"l": 60, "r": 20, "t": 40, "b": 50},
            "xaxis": axis,
            "yaxis": axis,
        }
    )
    pio.templates.default = _TEMPLATE

// Draw the page's plotly figures in the colours of the page's theme, and again when the theme changes.
(() => {
  const colours = () => {
    const page = getComputedStyle(document.documentElement);
    const value = (name, otherwise) => page.getPropertyValue(name).trim() || otherwise;
    return {
      ink: value("--pst-color-text-base", "#24292f"),
      grid: value("--pst-color-border", "#e3e6ea"),
      paper: value("--pst-color-background", "#ffffff"),
    };
  };

  const themed = (layout) => {
    const { ink, grid, paper } = colours();
    const changes = { paper_bgcolor: paper, plot_bgcolor: paper, "font.color": ink };
    for (const axis of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
      changes[`${axis}.gridcolor`] = grid;
      changes[`${axis}.zerolinecolor`] = grid;
    }
    return changes;
  };

  // Lines in the house style's ink and grey, which a dark page would swallow, and shades that it shows.
  const pale = { "#24292f": "#d5dae0", "#5A5A5A": "#a3abb3" };
  const dark = Object.fromEntries(Object.entries(pale).map((pair) => pair.reverse()));
  const shaded = (part) => {
    if (Array.isArray(part)) return part.map(shaded);
    if (part?.constructor === Object) {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, shaded(value)]));
    }
    return (document.documentElement.dataset.theme === "dark" ? pale : dark)[part] ?? part;
  };

  const draw = async (source) => {
    const target = document.getElementById(source.dataset.figure);
    const { data, layout } = shaded(JSON.parse(source.textContent));
    delete layout.width; // the page decides, on a phone too
    layout.autosize = true;
    // Menus keep a pale ground of their own for the chosen entry, so their letters and arrows stay dark; it is
    // a shade of its own, which no theme changes, as arrows are drawn but once.
    for (const menu of layout.updatemenus ?? []) {
      menu.bgcolor = "#ffffff";
      menu.font = { ...menu.font, color: "#1f2328" };
    }
    await Plotly.newPlot(target, data, layout, { responsive: true, displaylogo: false });
    await Plotly.relayout(target, themed(target._fullLayout));
    return target;
  };

  // From the plot as it stands, not from its source: what the reader chose, zoomed or hid stays.
  const repaint = async (plot) => {
    await Plotly.react(plot, shaded(plot.data), shaded(plot.layout));
    await Plotly.relayout(plot, themed(plot._fullLayout));
  };

  document.addEventListener("DOMContentLoaded", async () => {
    const sources = document.querySelectorAll("script[data-figure]");
    const plots = await Promise.all([...sources].map(draw));
    new MutationObserver(() => plots.forEach(repaint)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  });
})();

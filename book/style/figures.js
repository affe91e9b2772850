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
    // Menus keep a pale ground of their own for the chosen entry, so their letters stay dark.
    (layout.updatemenus || []).forEach((_, index) => {
      changes[`updatemenus[${index}].bgcolor`] = "#ffffff";
      changes[`updatemenus[${index}].font.color`] = "#24292f";
    });
    return changes;
  };

  // Lines in the house style's ink and grey, which a dark page would swallow, in shades that it shows.
  const visible = (part) => {
    if (document.documentElement.dataset.theme !== "dark") return part;
    const swapped = { "#24292f": colours().ink, "#5A5A5A": "#a3abb3" };
    return JSON.parse(JSON.stringify(part), (_, value) => swapped[value] ?? value);
  };

  const draw = async (source) => {
    const target = document.getElementById(source.dataset.figure);
    const { data, layout } = visible(JSON.parse(source.textContent));
    delete layout.width; // the page decides, on a phone too
    layout.autosize = true;
    layout.uirevision = "the reader's"; // what was zoomed or hidden stays so in the other theme
    await Plotly.react(target, data, layout, { responsive: true, displaylogo: false });
    await Plotly.relayout(target, themed(target._fullLayout));
  };

  document.addEventListener("DOMContentLoaded", async () => {
    const sources = [...document.querySelectorAll("script[data-figure]")];
    await Promise.all(sources.map(draw));
    const repaint = () => sources.forEach(draw);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  });
})();

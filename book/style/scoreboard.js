// Filter and sort the claims of the scoreboard; without this the page is plain tables with everything in them.
(() => {
  const TIER = 4, VERDICT = 5; // columns

  const textOf = (cell) => cell.textContent.trim();
  const verdictOf = (row) => textOf(row.cells[VERDICT].querySelector(".mm-verdict")).replace(/ \(.*\)$/, "");

  const claimsOf = (section) =>
    [...section.querySelectorAll(".mm-claims tbody tr")].map((row) => ({
      row,
      chapter: textOf(section.querySelector("h3").firstChild),
      tier: textOf(row.cells[TIER]),
      verdict: verdictOf(row),
    }));

  const choice = (name, values, changed) => {
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.name = name.toLowerCase();
    select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
    select.addEventListener("change", changed);
    label.append(`${name} `, select);
    return label;
  };

  const filter = (sections) => {
    const claims = sections.flatMap(claimsOf);
    const form = document.createElement("form");
    const count = document.createElement("output");
    const apply = () => {
      const wanted = [...new FormData(form)].filter(([, value]) => value);
      for (const claim of claims) {
        claim.row.hidden = wanted.some(([name, value]) => claim[name] !== value);
      }
      for (const section of sections) {
        section.hidden = !section.querySelector(".mm-claims tbody tr:not([hidden])");
      }
      const shown = claims.filter((claim) => !claim.row.hidden).length;
      count.textContent = `${shown} of ${claims.length} claims`;
    };
    const values = (name) => [...new Set(claims.map((claim) => claim[name]))];
    form.className = "mm-filter";
    form.setAttribute("aria-label", "Show only some claims");
    form.append(
      choice("Chapter", values("chapter"), apply),
      choice("Tier", values("tier").sort(), apply),
      choice("Verdict", values("verdict").sort(), apply),
      count,
    );
    sections[0].before(form);
    apply();
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const order = new Intl.Collator("en", { numeric: true });
        const rows = [...body.rows].sort((one, other) =>
          order.compare(textOf(one.cells[column]), textOf(other.cells[column])),
        );
        body.append(...(down ? rows.reverse() : rows));
      });
      head.append(button);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const sections = [...document.querySelectorAll("section:has(> h3):has(.mm-claims)")];
    if (sections.length) filter(sections);
    document.querySelectorAll(".mm-claims table, .mm-chapters table").forEach(sortable);
  });
})();

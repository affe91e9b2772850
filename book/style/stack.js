// On a phone a row of verdicts is a block, so that no verdict lies beyond the edge: each cell names its column.
// Roles are said anew, for a table that is laid out as blocks may no longer count as one.
(() => {
  const roles = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", th: "columnheader", td: "cell" };

  const stack = (table) => {
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => {
        cell.dataset.column = names[column];
      });
    }
    table.role = roles.table;
    for (const part of table.querySelectorAll("thead, tbody, tr, th, td")) part.role = roles[part.localName];
    table.classList.add("mm-stacked");
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const table of document.querySelectorAll("table:has(td .mm-verdict)")) stack(table);
  });
})();

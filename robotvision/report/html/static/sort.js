"use strict";
for (const table of document.querySelectorAll("table.runs")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const isDown = head.getAttribute("aria-sort") === "descending" ||
        (!head.hasAttribute("aria-sort") && head.dataset.first === "ascending");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDown ? "ascending" : "descending");
      const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
      const isNumber = [...body.rows].every((r) => value(r) === "" || !isNaN(Number(value(r))));
      const compare = (a, b) => {
        const x = value(a), y = value(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = isNumber ? Number(x) - Number(y) : x.localeCompare(y);
        return isDown ? order : -order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}

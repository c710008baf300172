"use strict";
// Tables that sort and filter. The page works without: then every table shows all of its rows.
const STEP = 25;

function key(row, at) {
  const cell = row.cells[at];
  return cell.dataset.n === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.n);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const tools = table.parentElement.previousElementSibling;
  const input = tools.querySelector("input");
  const shown = tools.querySelector(".shown");
  const more = document.createElement("button");
  const all = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  let order = all;
  let limit = STEP;

  function draw() {
    const words = input.value.toLowerCase().split(/\s+/);
    const fits = order.filter(({ text }) => words.every((word) => text.includes(word)));
    body.replaceChildren(...fits.slice(0, limit).map(({ row }) => row));
    const count = Math.min(limit, fits.length).toLocaleString("en");
    shown.textContent = `${count} of ${fits.length.toLocaleString("en")} rows`;
    more.hidden = fits.length <= limit;
  }

  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const number = all.length > 0 && all[0].row.cells[head.cellIndex].dataset.n !== undefined;
      const before = head.ariaSort;
      const up = before ? before === "descending" : !number;
      for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
      head.ariaSort = up ? "ascending" : "descending";
      const sign = up ? 1 : -1;
      order = all
        .map((one) => [key(one.row, head.cellIndex), one])
        .sort(([a], [b]) => sign * compare(a, b))
        .map(([, one]) => one);
      limit = STEP;
      draw();
    });
  }
  more.type = "button";
  more.className = "more";
  more.textContent = `Show ${STEP} more`;
  more.addEventListener("click", () => {
    limit += STEP;
    draw();
  });
  input.setAttribute("aria-label", `Filter: ${table.caption.textContent}`);
  input.addEventListener("input", () => {
    limit = STEP;
    draw();
  });
  table.parentElement.after(more);
  tools.hidden = all.length <= 5;
  draw();
}

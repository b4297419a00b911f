// The list of runs: filters, ticks, and looking again while the page is open.
const byId = (id) => document.getElementById(id);
const EVERY_MS = 2000, IDLE_MS = 10000;

function showChosen() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const task = byId("task").value, status = byId("status").value;
  let n = 0;
  const rows = [...byId("list").tBodies[0].rows];
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const isChosen = words.every((w) => text.includes(w)) && (!task || row.dataset.task === task) && (!status || row.dataset.status === status);
    row.hidden = !isChosen;
    n += isChosen;
  }
  byId("count").textContent = n === rows.length ? rows.length : `${n} of ${rows.length}`;
  const ticked = document.querySelectorAll("input[name=run]:checked").length;
  byId("compare").disabled = ticked < 2;
  byId("compare").textContent = ticked < 2 ? "compare the ticked" : `compare ${ticked} runs`;
}

// Rows that changed are put in the place of the old ones; ticks and order stay.
function update(page) {
  const body = byId("list").tBodies[0], fresh = new Set();
  for (const row of [...page.querySelectorAll("#list tbody tr")]) {
    fresh.add(row.id);
    const old = byId(row.id);
    if (!old) body.prepend(row);
    else if (old.dataset.version !== row.dataset.version) {
      row.querySelector("input").checked = old.querySelector("input").checked;
      old.replaceWith(row);
    }
  }
  for (const row of [...body.rows]) if (!fresh.has(row.id)) row.remove();
  showChosen();
}

async function look() {
  let isGoing = document.querySelector("tr[data-status=running]") !== null;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    update(new DOMParser().parseFromString(await answer.text(), "text/html"));
    isGoing = document.querySelector("tr[data-status=running]") !== null;
    byId("following").textContent = isGoing ? "following what runs" : "";
  } catch {
    byId("following").textContent = "robotvision view has ended: this list stands still";
  }
  setTimeout(look, isGoing ? EVERY_MS : IDLE_MS);
}

const wanted = new URLSearchParams(location.search).get("q");
if (wanted) byId("find").value = wanted;
for (const id of ["find", "task", "status"]) byId(id).addEventListener("input", showChosen);
document.addEventListener("change", showChosen);
showChosen();
setTimeout(look, EVERY_MS);

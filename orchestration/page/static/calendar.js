// Drag over cells of a calendar to plan these months; a click still opens the month. Keyboard: the form below does the same.
(() => {
  let first = null, chosen = [];
  const cellAt = (event) => {
    const link = document.elementFromPoint(event.clientX, event.clientY)?.closest(".calendar a");
    return link && (!first || link.closest("table") === first.closest("table")) ? link : null;
  };
  const monthOf = (link) => link.pathname.split("/").pop();
  const mark = (last) => {
    const [from, to] = [monthOf(first), monthOf(last)].sort();
    chosen.forEach((link) => link.classList.remove("chosen"));
    chosen = [...first.closest("table").querySelectorAll("a")].filter((link) => monthOf(link) >= from && monthOf(link) <= to);
    chosen.forEach((link) => link.classList.add("chosen"));
  };
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".calendar")) event.preventDefault(); });
  document.addEventListener("pointerdown", (event) => { if (event.button === 0 && event.pointerType === "mouse") first = cellAt(event); });
  document.addEventListener("pointermove", (event) => {
    const last = first && cellAt(event);
    if (last && (last !== first || chosen.length)) mark(last);
  });
  document.addEventListener("pointerup", () => {
    if (chosen.length > 1) {
      const months = chosen.map(monthOf).sort();
      const query = new URLSearchParams({ datasets: first.closest("table").dataset.dataset, months: `${months[0]}..${months.at(-1)}` });
      location.assign(`/plan?${query}`);
    }
    first = null;
    chosen.forEach((link) => link.classList.remove("chosen"));
    chosen = [];
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.(".calendar a.chosen")) event.preventDefault(); }, true);
})();

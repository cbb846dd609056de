// What is to be seen of the pools and upstreams: all, what was searched for, or only what is wrong.

import { $ } from "./dom.js";
import { live } from "./live.js";

export const filter = { words: "", onlyWrong: false, changed: [] };

export const isWrong = {
  upstream: (pool, name) => ["bad", "coming"].includes(live.get(`up/${pool}/${name}`)?.condition),
  pool: (pool) => {
    const counts = live.get("pool/" + pool);
    return Boolean(counts && (counts.bad || counts.coming || live.get("flow/" + pool)?.[4]));
  },
};

export function shows(pool, name) {
  if (filter.onlyWrong && !isWrong.upstream(pool, name)) return false;
  if (!filter.words) return true;
  const row = live.get(`up/${pool}/${name}`);
  const all = [pool, name, row?.address, row?.state, row?.reason, row?.pid].join(" ").toLowerCase();
  return filter.words.split(/\s+/).every((word) => all.includes(word));
}

export function startFilter() {
  const tell = () => { for (const call of filter.changed) call(); };
  $("search").addEventListener("input", () => {
    filter.words = $("search").value.trim().toLowerCase();
    tell();
  });
  $("only-wrong").addEventListener("change", () => {
    filter.onlyWrong = $("only-wrong").checked;
    tell();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "Escape" && event.target === $("search")) {
      $("search").value = "";
      $("search").dispatchEvent(new Event("input"));
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
    if (event.key === "/") {
      event.preventDefault();
      $("search").focus();
    }
    if (event.key === "w") $("only-wrong").click();
  });
}

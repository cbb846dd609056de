// What can be done from the page, where the server allows it: with a token, which stays in this tab. Each act is asked
// about first; without a token the page shows the command that does the same.

import { $, el } from "./dom.js";
import { live, onChange } from "./live.js";

const acts = {
  drain: { label: "Drain", title: "Drain", text: (who) => `${who} gets no new requests; those that it has are finished.` },
  maintenance: { label: "Maintenance", title: "Take out for maintenance", text: (who) => `${who} gets no new requests until it is made ready again.` },
  ready: { label: "Ready", title: "Make ready", text: (who) => `${who} takes requests again, as soon as its checks pass.` },
  restart: { label: "Restart", title: "Restart", text: (who) => `${who} is replaced: the new one is up before the old one goes. No request is lost.` },
};

let token = sessionStorage.getItem("frontdoor-token") ?? "";

export function startActs() {
  // A link may bring it, as the demo's does: behind the #, which is sent to nobody.
  const brought = new URLSearchParams(location.hash.slice(1)).get("token");
  if (brought) {
    keep(brought);
    history.replaceState(null, "", location.pathname);
  }
  $("token-button").onclick = () => (token ? keep("") : signIn());
  onChange((changed) => {
    if (changed === null || changed.has("door")) tell();
  });
  tell();
}

// For what is only told to those who are trusted.
export const authorization = () => (token ? { Authorization: "Bearer " + token } : {});

function keep(value) {
  token = value;
  if (value) sessionStorage.setItem("frontdoor-token", value);
  else sessionStorage.removeItem("frontdoor-token");
  tell();
}

const allowed = () => Boolean(live.get("door")?.writes);

function tell() {
  document.body.dataset.acts = allowed() ? (token ? "on" : "locked") : "off";
  $("token-button").hidden = !allowed();
  $("token-button").textContent = token ? "Sign out" : "Sign in";
}

// ---- Buttons

function buttons(names, who, path, command) {
  return el("div", { class: "acts" },
    el("span", { class: "buttons" }, names.map((name) =>
      el("button", { class: "quiet " + name, onclick: () => act(name, who, path(name)) }, acts[name].label))),
    el("code", { class: "commands", title: "On this machine" }, names.map((name) => el("span", {}, command(name)))));
}

const part = encodeURIComponent;

export function actionsFor(pool, name) {
  const up = live.get(`up/${pool}/${name}`);
  const names = [...(live.get("door")?.steers ? ["drain", "maintenance", "ready"] : []), ...(up?.number ? ["restart"] : [])];
  const path = (act) => act === "restart" ? `api/v1/pools/${part(pool)}/instances/${up.number}:restart`
    : `api/v1/upstreams/${part(pool)}/${part(name)}:${act}`;
  return buttons(names, name, path, (act) => `frontdoor ${act} ${act === "restart" ? name : pool + "/" + name}`);
}

export function poolActions(pool) {
  return el("span", { class: "pool-acts" },
    el("button", { class: "quiet", onclick: () => act("restart", "Each instance of " + pool, `api/v1/pools/${part(pool)}:restart`) }, "Restart all"));
}

async function act(name, who, path) {
  if (!token && !(await signIn())) return;
  if (!(await ask({ title: `${acts[name].title}: ${who}`, text: acts[name].text(who), yes: acts[name].label }))) return;
  const note = toast(`${acts[name].label} ${who} …`);
  try {
    const answer = await fetch(path, { method: "POST", headers: authorization() });
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 401) keep("");
    note(answer.ok ? `${acts[name].label} ${who}: done.` : `${acts[name].label} ${who}: ${body.message ?? body.detail ?? answer.status}`, answer.ok);
  } catch {
    note(`${acts[name].label} ${who}: no answer.`, false);
  }
}

// ---- Questions

async function signIn() {
  const given = await ask({ title: "Sign in", text: "The token is in the config of this frontdoor, [admin] token. It stays in this tab.", yes: "Sign in", input: true });
  if (given) keep(given);
  return Boolean(given);
}

function ask({ title, text, yes, input = false }) {
  $("dialog-title").textContent = title;
  $("dialog-text").textContent = text;
  $("dialog-yes").textContent = yes;
  $("dialog-label").hidden = !input;
  $("dialog-input").required = input;
  $("dialog-input").value = "";
  const dialog = $("dialog");
  dialog.returnValue = "";
  dialog.showModal();
  (input ? $("dialog-input") : $("dialog-yes")).focus();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes" ? (input ? $("dialog-input").value.trim() : true) : false);
  });
}

function toast(words) {
  const note = el("p", {}, words);
  $("toasts").append(note);
  return (later, well) => {
    note.textContent = later;
    note.className = well ? "good" : "bad";
    setTimeout(() => note.remove(), well ? 4000 : 12_000);
  };
}

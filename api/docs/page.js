"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  // The examples ask the service that has sent the page.
  if (location.protocol.startsWith("http")) {
    for (const e of all(".endpoint")) e.textContent = location.origin;
  }

  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // without TLS there is no clipboard but this
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  for (const block of all(".code")) {
    const button = document.createElement("button");
    button.className = "copy";
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await copy(block.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(button);
  }

  // Search: every word has to be in the name, the routes, a member or an error.
  const input = one("#search"), found = one(".found"), nothing = one(".nothing");
  const sections = all("section").map((section) => ({
    section,
    text: all("h3, .words > p, .routes, [role=rowheader]", section).map((e) => e.textContent)
      .join(" ").toLowerCase(),
    links: all("nav li a").filter((a) => a.getAttribute("href") === "#" + section.id),
  }));
  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let hits = 0;
    for (const { section, text, links } of sections) {
      const hit = words.every((w) => text.includes(w));
      section.hidden = !hit;
      for (const a of links) a.parentElement.hidden = !hit;
      hits += hit;
    }
    document.body.classList.toggle("searching", words.length > 0);
    for (const topics of all(".topics")) topics.hidden = words.length > 0;
    for (const of of all(".of")) {
      let next = of.nextElementSibling;
      while (next && next.matches("section[hidden]")) next = next.nextElementSibling;
      of.hidden = words.length > 0 && !(next && next.matches("section"));
    }
    for (const list of all("nav ul:not(.topics)")) {
      const none = all("li:not([hidden])", list).length === 0;
      list.hidden = none;
      list.previousElementSibling.hidden = none;
    }
    nothing.hidden = hits > 0;
    found.hidden = words.length === 0;
    found.textContent = hits + " of " + sections.length + " operations";
  };
  one(".search").hidden = false;
  input.addEventListener("input", search);
  input.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { input.value = ""; search(); input.blur(); }
    if (e.key === "Enter") {
      const first = sections.find((s) => !s.section.hidden);
      if (first) location.hash = first.section.id;
    }
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "/" && !e.ctrlKey && !e.metaKey && e.target === document.body) {
      e.preventDefault();
      input.focus();
    }
  });
  // Who follows a link sees where it leads, whatever was searched for.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && !target.offsetParent && input.value) {
      input.value = "";
      search();
      target.scrollIntoView();
    }
    for (const menu of all("details.menu")) menu.open = false;
  });

  // The contents show where one is.
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const s of sections) {
        for (const a of s.links) {
          if (s.section === entry.target) a.setAttribute("aria-current", "true");
          else a.removeAttribute("aria-current");
        }
      }
    }
  }, { rootMargin: "0px 0px -75% 0px" });
  for (const { section } of sections) seen.observe(section);
})();

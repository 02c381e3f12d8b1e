// SPDX-License-Identifier: Apache-2.0
// Drag and drop, progress and an early word about size. Every page does its work without this file.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const field = document.getElementById("file");
  const receipt = document.getElementById("receipt");
  const drop = document.getElementById("drop");
  const button = form.querySelector("button");
  const progress = document.getElementById("progress");
  const bar = document.getElementById("bar");
  const told = document.getElementById("told");
  const error = document.getElementById("error");

  const complain = (text) => {
    error.textContent = text;
    error.hidden = !text;
    progress.hidden = true;
    button.disabled = false;
  };

  const tooLarge = (file) => file.size > Number(form.dataset.limit);

  // The answer is a whole page; its main part takes the place of ours, so that the file never has to be sent twice.
  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const next = page.getElementById("main");
    if (!next) {
      complain(form.dataset.failed);
      return;
    }
    document.title = page.title;
    document.getElementById("main").replaceWith(document.adoptNode(next));
    const heading = document.querySelector("h1");
    window.scrollTo(0, 0);
    if (heading) heading.focus();
  };

  const send = (url, files, onAnswer) => {
    const body = new FormData();
    body.append("file", files.file, "record"); // Its own name may hold a pupil's.
    if (files.receipt) body.append("receipt", files.receipt, "receipt.json");
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = Math.round((100 * event.loaded) / event.total);
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      told.textContent = form.dataset.judging;
    });
    request.addEventListener("load", () => onAnswer(request.responseText));
    request.addEventListener("error", () => complain(form.dataset.failed));
    request.send(body);
  };

  // The service keeps no file, so the report is made of the one that this page still has: sent again, and judged anew.
  const offerReport = (files) => {
    const report = document.getElementById("report");
    if (!report) return;
    const put = (name, file, called) => {
      const chosen = new DataTransfer();
      chosen.items.add(new File([file], called, { type: file.type })); // Its own name may hold a pupil's.
      report.elements[name].files = chosen.files;
    };
    put("file", files.file, "record");
    if (files.receipt) put("receipt", files.receipt, "receipt.json");
    report.hidden = false;
  };

  // Changing the language asks again with the file that is still at hand, and takes over the other language's frame.
  const translate = (files) => {
    const toggle = document.getElementById("switch");
    toggle.addEventListener("click", (event) => {
      event.preventDefault();
      send(form.action + new URL(toggle.href).search, files, (html) => {
        const page = new DOMParser().parseFromString(html, "text/html");
        for (const part of ["header.top", "footer.bottom"]) {
          document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
        }
        document.documentElement.lang = page.documentElement.lang;
        show(html);
        offerReport(files);
        translate(files);
      });
    });
  };

  form.addEventListener("submit", (event) => {
    const file = field.files[0];
    if (!file) return; // The browser says so itself.
    if (event.submitter && event.submitter.hasAttribute("formaction")) return; // A report is a download, not a page.
    event.preventDefault();
    complain("");
    if (tooLarge(file)) {
      complain(form.dataset.tooLarge.replace("{size}", Math.ceil(file.size / 1e6)));
      return;
    }
    const files = { file, receipt: receipt.files[0] };
    button.disabled = true;
    progress.hidden = false;
    bar.value = 0;
    told.textContent = form.dataset.sending;
    send(form.action, files, (html) => {
      show(html);
      offerReport(files);
      translate(files);
    });
  });

  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    form.requestSubmit();
  });
})();

// Search on pages that are opened from disk: browsers start no worker from there, so a hidden frame does its work.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { hidden: true }));
      const inside = frame.contentWindow;
      addEventListener("message", (event) => {
        if (event.source === inside) this.dispatchEvent(new MessageEvent("message", { data: event.data }));
      });
      inside.document.open();
      inside.document.write(
        `<body><script>postMessage = (data) => parent.postMessage(data, "*")</script><script src="${url}"></script>`,
      );
      inside.document.close();
      this.inside = new Promise((found) => inside.addEventListener("load", () => found(inside)));
    }
    postMessage(data) {
      this.inside.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}

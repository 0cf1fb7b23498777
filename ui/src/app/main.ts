import "./locale";
import { mount } from "svelte";
import "../shared/style/tokens.css";
import "../shared/style/base.css";
import "../shared/style/controls.css";
import "../shared/style/layout.css";
import { openBackend } from "../backend";
import App from "./App.svelte";
import { firstLook } from "./firstLook";
import { Model } from "./model.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");

firstLook(document.documentElement.dataset);

// No await at the top level: a module that waits holds up every module that waits for it, and not every web view
// copes with that.
void openBackend().then((backend) => {
  const model = new Model(backend);
  mount(App, { target, props: { model } });
  return model.open();
});

import { mount } from "svelte";
import "../shared/style/tokens.css";
import "../shared/style/base.css";
import "../shared/style/controls.css";
import "../shared/style/layout.css";
import { openHost } from "../host";
import App from "./App.svelte";
import { Model } from "./model.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");

const model = new Model(await openHost());
mount(App, { target, props: { model } });
await model.open();

/** The whole interface on a simulated room in which nothing happens by itself. */
import { fireEvent, render, screen } from "@testing-library/svelte";
import App from "../app/App.svelte";
import { Model } from "../app/model.svelte";
import { createFakeHost, type FakeHost, type FakeOptions } from "../host/fake";

export async function open(options: Partial<FakeOptions> = {}): Promise<{ host: FakeHost; model: Model }> {
  const host = createFakeHost({ alive: false, delayMs: 0, ...options });
  const model = new Model(host);
  render(App, { model });
  await model.open();
  return { host, model };
}

export const click = (testid: string) => fireEvent.click(screen.getByTestId(testid));

/** The whole interface on a simulated room in which nothing happens by itself. */
import { fireEvent, render, screen } from "@testing-library/svelte";
import App from "../app/App.svelte";
import { Model } from "../app/model.svelte";
import { createFakeBackend, type FakeBackend, type FakeOptions } from "../backend/fake";

export async function open(options: Partial<FakeOptions> = {}): Promise<{ backend: FakeBackend; model: Model }> {
  const backend = createFakeBackend({ alive: false, delayMs: 0, ...options });
  const model = new Model(backend);
  render(App, { model });
  await model.open();
  return { backend, model };
}

export const click = (testid: string) => fireEvent.click(screen.getByTestId(testid));

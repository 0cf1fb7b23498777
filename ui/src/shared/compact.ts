import { MediaQuery } from "svelte/reactivity";

/** Whether the window is so narrow that what stands at its sides is folded; style sheets ask the same. */
export const compact = new MediaQuery("(max-width: 1023px)");

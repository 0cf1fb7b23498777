/** How often what may have changed by itself is asked for while it is in sight. */
const INTERVAL_MS = 5000;

/**
 * Runs `ask` at once and every few seconds while the page is in sight, and again as soon as it comes back into sight, until
 * the returned function is called. A failure changes nothing: the next turn asks again.
 */
export function whileVisible(ask: () => Promise<void>): () => void {
  const turn = () => {
    if (!document.hidden) void ask().catch(() => undefined);
  };
  turn();
  const timer = setInterval(turn, INTERVAL_MS);
  document.addEventListener("visibilitychange", turn);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", turn);
  };
}

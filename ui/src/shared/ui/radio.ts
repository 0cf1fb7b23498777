/**
 * The keys of a radio group, for its container: arrows move and choose, Home and End go to the ends. Each radio is an
 * element with role="radio" which chooses itself on click; the chosen one has tabindex 0.
 */
export function radioKeys(group: HTMLElement): () => void {
  const onKey = (event: KeyboardEvent) => {
    const radios = [...group.querySelectorAll<HTMLElement>('[role="radio"]:not([disabled])')];
    const at = radios.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const to = target(event.key, at, radios.length);
    if (to === null) return;
    event.preventDefault();
    radios[to]?.focus();
    radios[to]?.click();
  };
  group.addEventListener("keydown", onKey);
  return () => group.removeEventListener("keydown", onKey);
}

function target(key: string, at: number, count: number): number | null {
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return (at + 1) % count;
    case "ArrowLeft":
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

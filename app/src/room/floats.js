// Emoji that rise along the edge of the stream. A few elements are used again and again, each moved by the compositor: while
// they rise, the page's own thread has nothing to do with them.
const LIFE = 2600; // milliseconds, give or take a quarter: who starts together drifts apart
const MOST = 36;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let stage;
let made = 0;
let idle = [];

function take() {
  if (idle.length) return idle.pop();
  if (made === MOST) return null;
  made += 1;
  return stage.appendChild(document.createElement("span"));
}

function rise(one, delay) {
  const from = 5 + Math.random() * 70;
  const sway = Math.random() * 20 - 10;
  const frames = [
    { transform: `translate(${from}cqw, 0) scale(0.6)`, opacity: 0 },
    { transform: `translate(calc(${from}cqw + ${sway}px), -12cqh)`, opacity: 1, offset: 0.12 },
    { transform: `translate(calc(${from}cqw - ${sway}px), -60cqh)`, opacity: 1, offset: 0.66 },
    { transform: `translate(calc(${from}cqw + ${sway}px), -90cqh)`, opacity: 0 },
  ];
  const rising = one.animate(frames, { delay, duration: LIFE * (0.75 + Math.random() * 0.5) });
  const shelf = idle;
  rising.onfinish = () => shelf.push(one);
}

// Floats an emoji so many times in the next `within` milliseconds.
export function float(where, emoji, count, within) {
  if (calm.matches || document.hidden) return;
  if (where !== stage) {
    stage = where;
    made = 0;
    idle = [];
  }
  for (; count > 0; count -= 1) {
    const one = take();
    if (!one) return;
    one.textContent = emoji;
    rise(one, Math.random() * within);
  }
}

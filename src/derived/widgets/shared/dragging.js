// Pointer dragging (mouse, pen, touch) of one element, in one place.

// start(event) may return false to refuse; move(event) gets every later event; end() is called
// once, also when the browser takes the pointer away.
export function draggable(node, { start, move, end }, signal) {
  let active = null;
  node.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || active !== null || start(event) === false) return;
      active = event.pointerId;
      node.setPointerCapture(active);
      event.preventDefault();
    },
    { signal },
  );
  node.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerId === active) move(event);
    },
    { signal },
  );
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    node.addEventListener(
      type,
      (event) => {
        if (event.pointerId !== active) return;
        active = null;
        if (end) end(event);
      },
      { signal },
    );
  }
}

// Position of a pointer event in the user units of an <svg>.
export function positionIn(surface, event) {
  const matrix = surface.getScreenCTM().inverse();
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [x, y];
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The direction of an arrow key as [right, up], ten times as long with Shift, or null.
export function arrow(event) {
  const step = STEPS[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return null;
  const scale = event.shiftKey ? 10 : 1;
  return [step[0] * scale, step[1] * scale];
}

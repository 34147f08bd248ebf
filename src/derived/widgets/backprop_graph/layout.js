// Where everything stands: left to right on a wide page, top to bottom on a narrow one.
export const CARD = { width: 96, height: 68 };
export const PILL = { width: 60, height: 34 };

const overlap = (a, b) => Math.max(0, PILL.width + 4 - Math.abs(a[0] - b[0])) * Math.max(0, PILL.height + 3 - Math.abs(a[1] - b[1]));

// Positions (centres) of all cards, and for each edge its ends and the place of its pill.
export function arrange(sizes, width) {
  const depth = sizes.length - 1, wide = width >= 560, most = Math.max(...sizes);
  const outputs = sizes[depth];
  const across = wide ? 150 : Math.min(150, (width - CARD.width) / Math.max(1, most - 1));
  const along = wide ? (width - CARD.width - 4) / depth : 158;
  const thick = wide ? Math.max(most * across - 20, 300) : width;
  const place = (layer, i, count, shift = 0) => {
    const s = 2 + along * layer + (wide ? CARD.width / 2 : CARD.height / 2);
    const c = thick / 2 + (i - (count - 1) / 2) * across + shift;
    return wide ? [s, c] : [c, s];
  };
  const cards = sizes.map((count, layer) => Array.from({ length: count }, (_, i) => place(layer, i, count)));
  // The loss stands below the outputs when there is room beside them, else after them.
  let loss, targets, size;
  if (wide) {
    if (outputs === 1) cards[depth][0][1] -= 62;
    const lowest = cards[depth][outputs - 1];
    loss = [lowest[0], lowest[1] + 108];
    targets = cards[depth].map((_, i) => [lowest[0] + (i - (outputs - 1) / 2) * 50, loss[1] + 62]);
    size = [width, Math.max(thick, targets[0][1] + 24)];
  } else {
    const last = 2 + along * depth + CARD.height / 2;
    loss = [width / 2, last + 100];
    targets = cards[depth].map((_, i) => [width / 2 + (i - (outputs - 1) / 2) * 100, loss[1] + 62]);
    size = [width, targets[0][1] + 24];
  }
  return { wide, cards, loss, targets, edges: placeEdges(sizes, cards, wide), width: size[0], height: size[1] };
}

function placeEdges(sizes, cards, wide) {
  const edges = [];
  for (let l = 0; l + 1 < sizes.length; l += 1) {
    const taken = [];
    const wanted = [];
    for (let i = 0; i < sizes[l + 1]; i += 1) {
      for (let k = 0; k < sizes[l]; k += 1) wanted.push({ l, i, k, from: cards[l][k], to: cards[l + 1][i] });
    }
    // Straight edges first: they have the least choice.
    const bend = ({ from, to }) => Math.abs(wide ? to[1] - from[1] : to[0] - from[0]);
    for (const edge of [...wanted].sort((a, b) => bend(a) - bend(b))) {
      const half = wide ? [CARD.width / 2, 0] : [0, CARD.height / 2];
      const start = [edge.from[0] + half[0], edge.from[1] + half[1]];
      const end = [edge.to[0] - half[0], edge.to[1] - half[1]];
      const tries = [0.5, 0.36, 0.64, 0.3, 0.7, 0.42, 0.58, 0.25, 0.75].map((part) => {
        const at = [start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])];
        const room = wide ? Math.min(at[0] - start[0], end[0] - at[0]) - PILL.width / 2
          : Math.min(at[1] - start[1], end[1] - at[1]) - PILL.height / 2;
        return { at, cost: taken.reduce((sum, other) => sum + overlap(at, other), 0) + Math.max(0, 2 - room) * 40 };
      });
      const best = tries.reduce((a, b) => (b.cost < a.cost - 1e-9 ? b : a));
      taken.push(best.at);
      edges.push({ ...edge, start, end, at: best.at });
    }
  }
  return edges.sort((a, b) => a.l - b.l || a.i - b.i || a.k - b.k);
}

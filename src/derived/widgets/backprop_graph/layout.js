// Where everything stands: left to right on a wide page, top to bottom on a narrow one.

export const UNIT = { width: 98, height: 68 };
export const INPUT = { width: 82, height: 32 };
export const PILL = { width: 64, height: 36 };
export const LOSS = { width: 98, height: 52 };
export const TARGET = { width: 98, height: 28 };
const WIDE = 600;
const EDGE = 4; // room around the drawing for outlines

const PARTS = [0.5, 0.44, 0.4, 0.36, 0.32, 0.28, 0.24, 0.56, 0.6, 0.64, 0.68, 0.72, 0.76];

const size = (layer) => (layer === 0 ? INPUT : UNIT);

// Area that two pills at these places share, with a little air between them.
function overlap(a, b) {
  const x = Math.max(0, PILL.width + 5 - Math.abs(a[0] - b[0]));
  const y = Math.max(0, PILL.height + 4 - Math.abs(a[1] - b[1]));
  return x * y;
}

const along = ({ start, end }, part) => start.map((value, c) => value + part * (end[c] - value));

// Edges between two layers, each with the two ends where it leaves and enters a card.
function edgesOf(l, from, to, wide) {
  const axis = wide ? 0 : 1;
  const extent = wide ? "width" : "height";
  const leave = size(l)[extent] / 2;
  const enter = UNIT[extent] / 2;
  return to.flatMap((target, i) =>
    from.map((source, k) => {
      const [start, end] = [[...source], [...target]];
      start[axis] += leave;
      end[axis] -= enter;
      return { l, i, k, start, end, straight: Math.abs(start[1 - axis] - end[1 - axis]) < 1 };
    }),
  );
}

// Chooses how far along its edge each pill stands: one place for all straight and one for all
// slanted edges, which keeps the picture symmetrical; if pills then still overlap, each for itself.
function placePills(edges) {
  const strain = (part) => 30 * (part - 0.5) ** 2;
  const cost = (index, parts) => {
    const here = along(edges[index], parts[index]);
    const clash = (edge, other) => (other === index ? 0 : overlap(here, along(edge, parts[other])));
    return strain(parts[index]) + edges.reduce((sum, edge, other) => sum + clash(edge, other), 0);
  };
  const total = (parts) => parts.reduce((sum, _, index) => sum + cost(index, parts), 0);
  const pairs = PARTS.flatMap((a) => PARTS.map((b) => edges.map((e) => (e.straight ? a : b))));
  const parts = pairs.reduce((best, next) => (total(next) < total(best) - 1e-9 ? next : best));
  const clear = (index) =>
    edges.every((edge, other) => {
      const here = along(edges[index], parts[index]);
      return other === index || overlap(here, along(edge, parts[other])) === 0;
    });
  for (let sweep = 0; sweep < 3 && !edges.every((_, index) => clear(index)); sweep += 1) {
    edges.forEach((_, index) => {
      for (const part of PARTS) {
        const trial = [...parts];
        trial[index] = part;
        if (cost(index, trial) < cost(index, parts) - 1e-9) parts[index] = part;
      }
    });
  }
  return edges.map((edge, index) => ({ ...edge, at: along(edge, parts[index]) }));
}

// Centres of the cards of every layer, and of the loss and the targets.
function placeWide(sizes, width) {
  const depth = sizes.length - 1;
  const most = Math.max(...sizes);
  const height = Math.max(most * 148 - 70, 270);
  const first = EDGE + INPUT.width / 2;
  const step = (width - EDGE - UNIT.width / 2 - first) / depth;
  const rows = (count, i) => EDGE + height / 2 + (i - (count - 1) / 2) * 148;
  const cards = sizes.map((count, layer) =>
    Array.from({ length: count }, (_, i) => [first + layer * step, rows(count, i)]),
  );
  const outputs = cards[depth];
  if (outputs.length === 1) outputs[0][1] = EDGE + UNIT.height / 2 + 26;
  const lowest = outputs[outputs.length - 1];
  const loss = [lowest[0], lowest[1] + 108];
  const targets = outputs.map((_, i) => [lowest[0], loss[1] + 62 + 34 * i]);
  const bottom = targets[targets.length - 1][1] + TARGET.height / 2;
  return { cards, loss, targets, width, height: Math.max(height, bottom) + EDGE };
}

function placeNarrow(sizes, width) {
  const depth = sizes.length - 1;
  const most = Math.max(...sizes);
  const gap = Math.min(150, (width - UNIT.width - 2 * EDGE) / Math.max(1, most - 1));
  const step = UNIT.height + (most > 2 ? 140 : 106);
  const first = EDGE + INPUT.height / 2;
  const second = first + step - (UNIT.height - INPUT.height) / 2;
  const place = (count, layer, i) => [
    width / 2 + (i - (count - 1) / 2) * gap,
    layer === 0 ? first : second + (layer - 1) * step,
  ];
  const cards = sizes.map((count, layer) =>
    Array.from({ length: count }, (_, i) => place(count, layer, i)),
  );
  const loss = [width / 2, cards[depth][0][1] + 92];
  const targets = cards[depth].map((_, i) => [width / 2, loss[1] + 60 + 34 * i]);
  const bottom = targets[targets.length - 1][1] + TARGET.height / 2;
  return { cards, loss, targets, width, height: bottom + EDGE };
}

// The plan for a drawing of that width: cards[layer][i], loss and targets[i] are centres,
// edges a list of { l, i, k, start, end, at }, where `at` is the centre of the pill.
export function arrange(sizes, width) {
  const wide = width >= WIDE;
  const plan = wide ? placeWide(sizes, width) : placeNarrow(sizes, width);
  const { cards } = plan;
  const edges = cards.slice(1).flatMap((to, l) => placePills(edgesOf(l, cards[l], to, wide)));
  return { ...plan, edges };
}

// Where everything stands: left to right on a wide page, top to bottom on a narrow one.

export const UNIT = { width: 100, height: 68 };
export const INPUT = { width: 82, height: 32 };
export const PILL = { width: 66, height: 36 };
export const LOSS = { width: 108, height: 52 };
export const TARGET = { width: 108, height: 28 };
const WIDE = 640;
const EDGE = 4; // room around the drawing for outlines

const AIR = 4;
const SHARES = Array.from({ length: 21 }, (_, n) => 0.1 + 0.04 * n); // of an edge's length

const size = (layer) => (layer === 0 ? INPUT : UNIT);

// Area that two boxes around these centres share, with a little air between them.
function overlap(a, sizeA, b, sizeB) {
  const x = (sizeA.width + sizeB.width) / 2 + AIR - Math.abs(a[0] - b[0]);
  const y = (sizeA.height + sizeB.height) / 2 + AIR - Math.abs(a[1] - b[1]);
  return Math.max(0, x) * Math.max(0, y);
}

const along = ({ start, end }, share) => start.map((value, c) => value + share * (end[c] - value));

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

// Chooses how far along its edge each pill stands, clear of the cards and of each other: one place
// for all straight and one for all slanted edges, which keeps the picture symmetrical; if pills
// then still overlap, any two that do are moved together to where they disturb least.
function placePills(edges, cards) {
  const places = edges.map((edge) => SHARES.map((share) => along(edge, share)));
  const strain = places.map((line) =>
    line.map((at, n) => {
      const covered = cards.reduce((sum, card) => sum + overlap(at, PILL, card.at, card.size), 0);
      return covered + 30 * (SHARES[n] - 0.5) ** 2;
    }),
  );
  const clash = (parts, a, b) => overlap(places[a][parts[a]], PILL, places[b][parts[b]], PILL);
  const numbers = edges.map((_, index) => index);
  const alone = (parts, a) =>
    numbers.reduce((sum, b) => sum + (a === b ? 0 : clash(parts, a, b)), strain[a][parts[a]]);
  const cost = (parts, some) => some.reduce((sum, a) => sum + alone(parts, a), 0);
  const best = (candidates, some) =>
    candidates.reduce((a, b) => (cost(b, some) < cost(a, some) - 1e-9 ? b : a));
  const choices = SHARES.flatMap((_, a) => SHARES.map((_share, b) => [a, b]));
  let parts = best(
    choices.map(([a, b]) => edges.map(({ straight }) => (straight ? a : b))),
    numbers,
  );
  const pairs = numbers.flatMap((a) => numbers.slice(0, a).map((b) => [a, b]));
  for (let sweep = 0; sweep < 4; sweep += 1) {
    for (const [a, b] of pairs.filter((pair) => clash(parts, ...pair) > 0)) {
      const moved = choices.map(([i, j]) =>
        parts.map((part, n) => ({ [a]: i, [b]: j })[n] ?? part),
      );
      parts = best([parts, ...moved], [a, b]);
    }
  }
  return edges.map((edge, index) => ({ ...edge, at: places[index][parts[index]] }));
}

// Centres of the cards of every layer, and of the loss and the targets.
function placeWide(sizes, width) {
  const depth = sizes.length - 1;
  const most = Math.max(...sizes);
  const height = Math.max(most * 148 - 70, 270);
  const first = EDGE + INPUT.width / 2;
  const step = (width - EDGE - LOSS.width / 2 - first) / depth;
  const rows = (count, i) => EDGE + height / 2 + (i - (count - 1) / 2) * 148;
  const cards = sizes.map((count, layer) =>
    Array.from({ length: count }, (_, i) => [first + layer * step, rows(count, i)]),
  );
  const outputs = cards[depth];
  if (outputs.length === 1) outputs[0][1] = rows(2, 0);
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
  const step = UNIT.height + (most > 2 ? 164 : 108);
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
  const edges = cards.slice(1).flatMap((to, l) => {
    const from = cards[l];
    const ends = [from.map((at) => ({ at, size: size(l) })), to.map((at) => ({ at, size: UNIT }))];
    return placePills(edgesOf(l, from, to, wide), ends.flat());
  });
  return { ...plan, edges };
}

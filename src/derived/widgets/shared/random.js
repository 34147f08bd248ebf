// Seeded random numbers: PCG32 (XSH-RR 64/32), M. E. O'Neill, "PCG: A Family of Simple Fast
// Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014.
// The same seed gives the same figure on every machine, which Math.random cannot promise.
const MULTIPLIER = 6364136223846793005n;
const to64 = (value) => BigInt.asUintN(64, value);

export class Random {
  // seed and stream: integers >= 0. The stream picks one of 2^63 independent sequences.
  constructor(seed, stream = 54) {
    this.increment = to64((BigInt(stream) << 1n) | 1n);
    this.state = 0n;
    this.uint32();
    this.state = to64(this.state + BigInt(seed));
    this.uint32();
  }

  // An integer in [0, 2^32).
  uint32() {
    const old = this.state;
    this.state = to64(old * MULTIPLIER + this.increment);
    const mixed = Number((((old >> 18n) ^ old) >> 27n) & 0xffffffffn);
    const turn = Number(old >> 59n);
    return ((mixed >>> turn) | (mixed << (-turn & 31))) >>> 0;
  }

  // A number in the open interval (0, 1): a logarithm of it is always finite.
  uniform(low = 0, high = 1) {
    return low + (high - low) * ((this.uint32() + 0.5) / 4294967296);
  }

  // An integer in [0, bound), without modulo bias.
  below(bound) {
    const threshold = 4294967296 % bound;
    for (;;) {
      const draw = this.uint32();
      if (draw >= threshold) return draw % bound;
    }
  }

  // A standard normal number (Box and Muller).
  normal() {
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  // The numbers 0 ... count - 1 in random order (Fisher and Yates).
  permutation(count) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

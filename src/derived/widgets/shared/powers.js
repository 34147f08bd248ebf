// Numbers of any size as text, and the ticks of a logarithmic axis.
const UP = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const raised = (power) =>
  (power < 0 ? "⁻" : "") + [...String(Math.abs(power))].map((digit) => UP[Number(digit)]).join("");

// 10 to a whole power: 10⁻³.
export const powerOfTen = (power) => (power === 0 ? "1" : `10${raised(power)}`);

// Three digits near one, else two digits and a power of ten: 0.0123, 4.56, 1.2·10⁻⁷.
export function magnitude(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return "–";
  if (value >= 0.00995 && value < 999.5) {
    return value.toFixed(Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(value)))));
  }
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits}·10${raised(Number(power))}`;
}

// Whole powers that cover the positive ones of the values, two decades or more, one among them.
export function decades(values) {
  const seen = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const low = Math.floor(Math.min(0, ...seen) + 1e-9);
  const high = Math.ceil(Math.max(0, ...seen) - 1e-9);
  const missing = Math.max(0, 2 - (high - low));
  return high > 0 && low === 0 ? [low, high + missing] : [low - missing, high];
}

// The powers at which a tick stands, zero among them: at most about `most`.
export function powerTicks([low, high], most = 6) {
  const stride = Math.max(1, Math.ceil((high - low) / most));
  const first = Math.ceil(low / stride);
  const count = Math.floor(high / stride) - first + 1;
  return Array.from({ length: count }, (_, n) => (first + n) * stride);
}

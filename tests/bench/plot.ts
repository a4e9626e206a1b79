/**
 * Draws how figures grow: one SVG with a line for each series, both axes logarithmic, each series beside its own
 * first value. A level line costs the same at any size, a rising one that reaches 100 at 100 times as much.
 *
 * @module
 */

/** What was measured at growing sizes. */
export interface Series {
  name: string;
  unit: string;
  /** Sizes, and what was measured there. */
  points: readonly (readonly [size: number, value: number])[];
}

const WIDTH = 720;
const HEIGHT = 440;
const LEFT = 70;
const TOP = 40;
const RIGHT = 24;
const BOTTOM = 48;
const COLOURS = ["#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#be123c", "#0f766e", "#a16207"];
const DECADES = 2;

function x(times: number): number {
  return LEFT + (Math.log10(times) / DECADES) * (WIDTH - LEFT - RIGHT);
}

/** From a tenth to a hundred times. */
function y(times: number): number {
  const share = (Math.log10(Math.max(0.1, Math.min(100, times))) + 1) / (DECADES + 1);
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function text(at: [number, number], content: string, style = ""): string {
  return `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${style}>${
    escaped(content)
  }</text>`;
}

function line(from: [number, number], to: [number, number], style: string): string {
  return `<line x1="${from[0].toFixed(1)}" y1="${from[1].toFixed(1)}" ` +
    `x2="${to[0].toFixed(1)}" y2="${to[1].toFixed(1)}" ${style}/>`;
}

function grid(): string[] {
  const style = 'stroke="#d4d4d8"';
  const columns = [1, 10, 100].flatMap((times) => [
    line([x(times), TOP], [x(times), HEIGHT - BOTTOM], style),
    text([x(times), HEIGHT - BOTTOM + 18], `${times}x`, 'text-anchor="middle"'),
  ]);
  const rows = [0.1, 1, 10, 100].flatMap((times) => [
    line([LEFT, y(times)], [WIDTH - RIGHT, y(times)], style),
    text([LEFT - 8, y(times) + 4], `${times}x`, 'text-anchor="end"'),
  ]);
  const linear = line([x(1), y(1)], [x(100), y(100)], 'stroke="#a1a1aa" stroke-dasharray="4 4"');
  return [...columns, ...rows, linear];
}

function drawn({ name, unit, points }: Series, index: number): string[] {
  const [size, value] = points[0]!;
  const colour = COLOURS[index % COLOURS.length]!;
  const at = points.map(([n, v]) => [x(n / size), y(v / value)] as const);
  const path = at.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const values = points.map(([n, v]) => `${v.toPrecision(3)} at ${n.toLocaleString("en")}`);
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...at.map(([px, py]) =>
      `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`
    ),
    text(
      [LEFT + 10, TOP + 16 + index * 16],
      `${name}: ${values.join(", ")} (${unit})`,
      `fill="${colour}"`,
    ),
  ];
}

/** The drawing as text. */
export function plot(title: string, series: readonly Series[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    'font-family="sans-serif" font-size="12">',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text([LEFT, 24], title, 'font-size="15" font-weight="bold"'),
    ...grid(),
    ...series.flatMap(drawn),
    "</svg>",
    "",
  ].join("\n");
}

/** By how many powers of ten the value grows for each power of ten of the size: 0 is level, 1 is in step. */
export function slope({ points }: Series): number {
  const [firstSize, firstValue] = points[0]!;
  const [lastSize, lastValue] = points.at(-1)!;
  return Math.log10(lastValue / firstValue) / Math.log10(lastSize / firstSize);
}

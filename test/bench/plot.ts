/** Small multiples as one SVG, without a library: a line and its numbers for each series, over sizes that double or so. */

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface Panel {
  readonly title: string;
  readonly sizes: readonly string[];
  /** At most two; each has a scale of its own, from zero to its largest value. */
  readonly series: readonly Series[];
}

const WIDTH = 420;
const HEIGHT = 230;
const LEFT = 24;
const RIGHT = 24;
const TOP = 52;
const BOTTOM = 34;
const COLOURS = ['#0b5fa5', '#b4540a'];

export function plotSvg(panels: readonly Panel[]): string {
  const bodies = panels.map(
    (panel, index) => `<g transform="translate(0 ${index * HEIGHT})">\n${panelSvg(panel)}\n</g>`,
  );
  const height = panels.length * HEIGHT;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="10">\n<title>${escaped(panels.map(({ title }) => title).join('; '))}</title>\n<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n` +
    `${bodies.join('\n')}\n</svg>\n`
  );
}

function panelSvg({ title, sizes, series }: Panel): string {
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, sizes.length - 1);
  const x = (index: number): number => Math.round(LEFT + index * step);
  const base = HEIGHT - BOTTOM;
  const axis = `<path d="M${LEFT} ${base}H${WIDTH - RIGHT}" stroke="#999"/>`;
  const labels = sizes.map((size, index) => text(x(index), base + 14, { body: size, fill: '#444' }));
  const lines = series.map(({ name, values }, which) => {
    const colour = COLOURS[which % COLOURS.length] ?? '#000';
    const largest = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
    const points = values.flatMap((value, index) =>
      value === null ? [] : [{ value, x: x(index), y: Math.round(base - (value / largest) * (base - TOP)) }],
    );
    const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${point.x} ${point.y}`).join('');
    // The second series has its numbers below its line, so that they meet less often.
    const numbers = points.map((point) =>
      text(point.x, point.y + (which === 0 ? -6 : 13), { body: short(point.value), fill: colour }),
    );
    const legend = `<text x="${LEFT - 12}" y="${28 + which * 12}" fill="${colour}">${escaped(name)}</text>`;
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>\n${legend}\n${numbers.join('\n')}`;
  });
  const heading = `<text x="${LEFT - 12}" y="14" font-weight="bold">${escaped(title)}</text>`;
  return [heading, axis, ...labels, ...lines].join('\n');
}

function text(
  x: number,
  y: number,
  { body, fill }: { readonly body: string; readonly fill: string },
): string {
  return `<text x="${x}" y="${y}" text-anchor="middle" fill="${fill}">${escaped(body)}</text>`;
}

/** Three figures are as many as can be told apart. */
export function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

function escaped(body: string): string {
  return body.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

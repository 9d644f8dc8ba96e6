/** Red, green, blue 0..255 and alpha 0..1. */
export interface Color {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly a: number;
}

export const WHITE: Color = { r: 255, g: 255, b: 255, a: 1 };
export const BLACK: Color = { r: 0, g: 0, b: 0, a: 1 };
export const LINK_BLUE: Color = { r: 0, g: 0, b: 238, a: 1 };
export const TRANSPARENT: Color = { r: 0, g: 0, b: 0, a: 0 };

/** A CSS or legacy (`bgcolor`) colour, or null when it is none that we can read. `value` is lower case. */
export function parseColor(value: string): Color | null {
  const text = value.trim();
  if (text.length === 0 || text.length > 80) return null;
  if (text.startsWith('#')) return parseHex(text.slice(1));
  if (text === 'transparent') return TRANSPARENT;
  const call = /^(rgba?|hsla?|hwb|gray|color)\(([^()]*)\)$/.exec(text);
  if (call !== null) return parseCall(call[1] ?? '', call[2] ?? '');
  const named = NAMED.get(text);
  return named === undefined ? null : parseHex(named);
}

/** The HTML attribute form: names, `#` forms, and bare hexadecimal digits. */
export function parseLegacyColor(value: string): Color | null {
  const text = value.trim().toLowerCase();
  return parseColor(text) ?? (/^[0-9a-f]{3}$|^[0-9a-f]{6}$/.test(text) ? parseHex(text) : null);
}

/** `top` laid over an opaque `bottom`. */
export function composite(top: Color, bottom: Color): Color {
  if (top.a >= 1) return top;
  const mix = (x: number, y: number): number => x * top.a + y * (1 - top.a);
  return { r: mix(top.r, bottom.r), g: mix(top.g, bottom.g), b: mix(top.b, bottom.b), a: 1 };
}

/** WCAG contrast of two opaque colours: 1 (same) to 21. */
export function contrast(x: Color, y: Color): number {
  const a = luminance(x);
  const b = luminance(y);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: Color): number {
  return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b);
}

function linear(channel: number): number {
  const value = Math.min(255, Math.max(0, channel)) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function parseHex(hex: string): Color | null {
  if (!/^[0-9a-f]+$/i.test(hex)) return null;
  const wide = hex.length === 3 || hex.length === 4 ? hex.replace(/./g, '$&$&') : hex;
  if (wide.length !== 6 && wide.length !== 8) return null;
  const at = (i: number): number => Number.parseInt(wide.slice(i, i + 2), 16);
  return { r: at(0), g: at(2), b: at(4), a: wide.length === 8 ? at(6) / 255 : 1 };
}

function parseCall(name: string, inside: string): Color | null {
  const parts = inside.split(/[\s,/]+/).filter((part) => part !== '');
  if (parts.length < 3) return null;
  const alpha = Math.min(1, Math.max(0, unit(parts[3] ?? '1', 1)));
  if (name.startsWith('rgb')) {
    return { r: unit(parts[0] ?? '', 255), g: unit(parts[1] ?? '', 255), b: unit(parts[2] ?? '', 255), a: alpha };
  }
  if (name.startsWith('hsl')) {
    return fromHsl(Number.parseFloat(parts[0] ?? '0'), unit(parts[1] ?? '', 1), unit(parts[2] ?? '', 1), alpha);
  }
  if (name === 'hwb') {
    const white = unit(parts[1] ?? '', 1);
    const black = unit(parts[2] ?? '', 1);
    return fromHsl(0, 0, white + black > 1 ? white / (white + black) : (white + 1 - black) / 2, alpha);
  }
  return null;
}

/** A number, or a percentage of `whole`; 0 when it is neither. */
function unit(text: string, whole: number): number {
  const value = Number.parseFloat(text);
  if (!Number.isFinite(value)) return 0;
  return text.endsWith('%') ? (value / 100) * whole : value;
}

function fromHsl(hue: number, saturation: number, lightness: number, a: number): Color {
  const s = Math.min(1, Math.max(0, saturation));
  const l = Math.min(1, Math.max(0, lightness));
  const h = Number.isFinite(hue) ? ((hue % 360) + 360) % 360 : 0;
  const channel = (n: number): number => {
    const k = (n + h / 30) % 12;
    return 255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return { r: channel(0), g: channel(8), b: channel(4), a };
}

const NAMED: ReadonlyMap<string, string> = new Map(
  (
    'aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 ' +
    'black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 ' +
    'chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff ' +
    'darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgrey a9a9a9 darkgreen 006400 ' +
    'darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 ' +
    'darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f ' +
    'darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 ' +
    'dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ' +
    'ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 grey 808080 green 008000 greenyellow adff2f ' +
    'honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa ' +
    'lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff ' +
    'lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgrey d3d3d3 lightgreen 90ee90 lightpink ffb6c1 ' +
    'lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 ' +
    'lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 ' +
    'mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 ' +
    'mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 ' +
    'midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 ' +
    'oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa ' +
    'palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f ' +
    'pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f ' +
    'royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee ' +
    'sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa ' +
    'springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 ' +
    'violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32 ' +
    'window ffffff windowtext 000000 canvas ffffff canvastext 000000'
  )
    .split(' ')
    .reduce<[string, string][]>((pairs, word, i, words) => {
      if (i % 2 === 0) pairs.push([word, words[i + 1] ?? '']);
      return pairs;
    }, []),
);

/**
 * An explanation as a tree: what a record says, where it lies, what followed from it.
 *
 * Boundary: nodes are plain data, so that the machine output and the text are the same tree.
 */
import { visible } from '../output.ts';

export interface TraceNode {
  readonly kind: string;
  readonly id: string;
  /** Null for a line inside a record. */
  readonly place: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  readonly cause: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  /** In the order in which they are shown. */
  readonly facts: Readonly<Record<string, string>>;
  readonly children: readonly TraceNode[];
}

export function placeText(place: NonNullable<TraceNode['place']>): string {
  return `${place.topic}/${place.partition}@${place.offset}`;
}

export function leaf(kind: string, id: string, facts: TraceNode['facts'] = {}): TraceNode {
  return { kind, id, place: null, cause: null, facts, children: [] };
}

export function renderTree(node: TraceNode, stem = '', branch = ''): string {
  const nextStem = stem + (branch === '' ? '' : branch === '├─ ' ? '│  ' : '   ');
  const lines = [`${stem}${branch}${titleOf(node)}`, ...factLines(node, nextStem)];
  node.children.forEach((child, index) => {
    const isLast = index === node.children.length - 1;
    lines.push(renderTree(child, nextStem, isLast ? '└─ ' : '├─ '));
  });
  return lines.join('\n');
}

function titleOf({ kind, id, place }: TraceNode): string {
  return visible(
    [kind, id, place === null ? '' : `  ${placeText(place)}`].filter((part) => part !== '').join(' '),
  );
}

function factLines({ facts, cause, children }: TraceNode, stem: string): readonly string[] {
  const entries = Object.entries(facts);
  if (cause !== null) entries.push(['because of', placeText(cause)]);
  const rail = children.length > 0 ? '│    ' : '     ';
  return entries.map(([name, value]) => visible(`${stem}${rail}${name}: ${value}`));
}

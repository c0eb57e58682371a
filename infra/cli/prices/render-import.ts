/** What an import of prices did, for people: what came in, what changed, and by name what could not be expressed. */
import { counted } from '../output.ts';
import type { BookDifference } from './known-books.ts';

export interface ImportData {
  readonly book: string;
  readonly version: number;
  readonly effectiveAt: string;
  readonly published: boolean;
  readonly parts: number;
  readonly expressed: number;
  readonly previousVersion: number | null;
  readonly difference: BookDifference;
  /** Models that are in the file and not in the book. */
  readonly skipped: readonly { readonly reason: string; readonly models: readonly string[] }[];
  /** Single prices that the book cannot hold. */
  readonly fields: readonly { readonly reason: string; readonly fields: readonly string[] }[];
}

const SHOWN = 5;

export function renderImport(data: ImportData, isComplete: boolean): string {
  const verb = data.published ? 'published' : 'would be published';
  const { added, removed, changed } = data.difference;
  const compared =
    data.previousVersion === null
      ? 'It is the first version of this book.'
      : `Against version ${data.previousVersion}: ${added.length} added, ${removed.length} removed, ${changed.length} changed.`;
  const shown = (names: readonly string[]): readonly string[] => lines(names, isComplete);
  return [
    `${counted(data.expressed, 'model')} expressed; ${data.book} version ${data.version} ${verb} in ${counted(data.parts, 'part')}, effective at ${data.effectiveAt}.`,
    compared,
    ...(data.previousVersion === null
      ? []
      : [
          ...section(
            'changed',
            shown(changed.map(({ model, before, after }) => `${model}: ${before} -> ${after}`)),
          ),
          ...section('removed', shown(removed)),
        ]),
    ...data.skipped.flatMap(({ reason, models }) =>
      section(`${counted(models.length, 'model')} left out: ${reason}`, shown(models)),
    ),
    ...data.fields.flatMap(({ reason, fields }) =>
      section(`${counted(fields.length, 'price')} not expressible: ${reason}`, shown(fields)),
    ),
  ].join('\n');
}

function section(title: string, body: readonly string[]): readonly string[] {
  return body.length === 0 ? [] : ['', title, ...body];
}

function lines(names: readonly string[], isComplete: boolean): readonly string[] {
  if (isComplete || names.length <= SHOWN) return names.map((name) => `  ${name}`);
  const rest = `  and ${counted(names.length - SHOWN, 'more', 'more')}; --list names all`;
  return [...names.slice(0, SHOWN).map((name) => `  ${name}`), rest];
}
